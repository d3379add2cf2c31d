"""Which of the new releases of a file are worth telling of: the last fetched, as many as a history keeps."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from storage.comics.news import News
from storage.driver import Session


class Newest:
    """The last fetched releases of those that were added, at most so many; noted as they are stored."""

    def __init__(self, news: News) -> None:
        self._news = news
        self._heap: list[tuple[int, int]] = []
        self._numbers: frozenset[int] | None = None

    def admits(self, fetched: int, number: int) -> bool:
        """Tell whether a release would be among them now."""
        if len(self._heap) < self._news.size:
            return True
        return bool(self._heap) and (fetched, number) > self._heap[0]

    def add(self, fetched: int, number: int) -> None:
        """Add a new release; it may push out another one."""
        heapq.heappush(self._heap, (fetched, number))
        if len(self._heap) > self._news.size:
            heapq.heappop(self._heap)

    async def note(self, stored: Sequence[int], session: Session) -> None:
        """Note those among the releases that a transaction has newly stored; by now, all were added."""
        if self._numbers is None:
            self._numbers = frozenset(number for _, number in self._heap)
        await self._news.note([number for number in stored if number in self._numbers], session)
