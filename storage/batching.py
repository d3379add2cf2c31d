"""Runs what arrives during one round trip as one next round trip."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Run = Callable[[Sequence[Item]], Awaitable[Sequence[Answer | BaseException]]]


class Batcher(Generic[Item, Answer]):
    """Collects items and hands them to `run` in batches, one batch at a time, in the order of arrival.

    There is no linger: the first item starts at once, and what comes while it runs is the next batch.
    `run` answers each item in its place, with an exception where that item alone failed.
    """

    def __init__(self, run: Run[Item, Answer], size: int = 256) -> None:
        self._run = run
        self._size = size
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._writer: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """Return how many items wait for a batch."""
        return len(self._waiting)

    @property
    def idle(self) -> bool:
        """Tell whether nothing runs or waits."""
        return self._writer is None

    async def submit(self, item: Item) -> Answer:
        """Hand in one item and wait for its answer; a caller that goes away takes nobody with it."""
        done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._writer is None:
            self._writer = asyncio.create_task(self._drain())
        return await done

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._size], self._waiting[self._size :]
                await self._settle(batch)
        finally:
            self._writer = None  # no await since the last look at the queue, so nobody is left behind

    async def _settle(self, batch: list[tuple[Item, asyncio.Future[Answer]]]) -> None:
        try:
            answers: Sequence[Answer | BaseException] = await self._run([item for item, _ in batch])
        except Exception as error:  # whatever went wrong belongs to the callers
            answers = [error] * len(batch)
        for (_, done), answer in zip(batch, answers, strict=True):
            if done.done():
                continue
            if isinstance(answer, BaseException):
                done.set_exception(answer)
            else:
                done.set_result(answer)


class Queues(Generic[Item, Answer]):
    """Batchers by key, each for as long as it has something to do: there may be very many keys."""

    def __init__(self, run: Run[Item, Answer], size: int = 256) -> None:
        self._run = run
        self._size = size
        self._batchers: dict[Hashable, Batcher[Item, Answer]] = {}

    def __len__(self) -> int:
        """Return how many keys are busy."""
        return len(self._batchers)

    async def submit(self, key: Hashable, item: Item) -> Answer:
        """Hand in an item, which shares its batch with others of the same key only."""
        batcher = self._batchers.get(key)
        if batcher is None:
            batcher = self._batchers[key] = Batcher(self._run, self._size)
        try:
            return await batcher.submit(item)
        finally:
            if batcher.idle and self._batchers.get(key) is batcher:
                del self._batchers[key]
