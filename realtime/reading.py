"""Reads that many wait for: whoever asks gets one that began after they asked, and shares it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class SharedRead(Generic[Answer]):
    """Runs a read at most once at a time; all who ask during one share the next."""

    __slots__ = ("_next", "_read", "_running")

    def __init__(self, read: Callable[[], Awaitable[Answer]]) -> None:
        self._read = read
        self._running: asyncio.Task[Answer] | None = None
        self._next: asyncio.Task[Answer] | None = None

    async def __call__(self) -> Answer:
        """Return what a read that starts from now on finds; going away takes nobody with it."""
        if self._next is None:
            self._next = asyncio.create_task(self._run(self._running))
            # When all who asked have left, nobody is there to hear of a failure.
            self._next.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(self._next)

    async def _run(self, before: asyncio.Task[Answer] | None) -> Answer:
        if before is not None:
            await asyncio.wait([before])
        self._running, self._next = self._next, None
        try:
            return await self._read()
        finally:
            if self._running is asyncio.current_task():
                self._running = None
