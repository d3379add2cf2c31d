"""Counts what lists select: the expensive half of a page."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

from storage.comics.errors import Slow, refusals
from storage.comics.planning import AS_STORED, Keys
from storage.database import Database
from storage.driver import Document

SLOW, LASTING = 0.1, 2.0  # seconds: a count that took so long is good for so long


@dataclass(frozen=True, slots=True)
class Question:
    """What to count; the key names it, `indexed` tells that an index serves some of its conditions."""

    collection: str
    wanted: Document
    key: Hashable
    indexed: bool


class Counting:
    """Counts by index alone where it can; what was dear is remembered for a moment, nothing else is.

    So a small catalogue is always counted anew, and a large one not for every page that is turned.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._known: dict[Hashable, tuple[float, int]] = {}

    async def count(self, question: Question, patience: int) -> int:
        """Count what is wanted; raises Slow, BadPattern."""
        began = self._clock()
        until, known = self._known.get(question.key, (began, 0))
        if began < until:
            return known
        number = await self._ask(question, patience)
        ended = self._clock()
        if ended - began >= SLOW:
            self._known = {name: kept for name, kept in self._known.items() if kept[0] > ended}
            self._known[question.key] = (ended + LASTING, number)
        return number

    async def _ask(self, question: Question, patience: int) -> int:
        """Count through an index; where that leads to too many documents, look at all in their order."""
        if not question.indexed:
            return await self._run(question, patience, AS_STORED)
        try:
            return await self._run(question, max(patience // 5, 1))
        except Slow:
            return await self._run(question, patience, AS_STORED)

    async def _run(self, question: Question, patience: int, hint: Keys = ()) -> int:
        # The command counts index entries without building documents, which an aggregation does not.
        command: Document = {
            "count": question.collection,
            "query": question.wanted,
            "maxTimeMS": patience,
            "readConcern": {"level": "majority"},
        }
        with refusals():
            answer = await self._database.handle.command(command | ({"hint": dict(hint)} if hint else {}))
        return int(answer["n"])


def total_of(rows: Sequence[Mapping[str, int]], name: str) -> int | None:
    """Add up a count that every comic keeps; None where one does not."""
    counts = [row.get(name) for row in rows]
    return sum(count for count in counts if count is not None) if None not in counts else None
