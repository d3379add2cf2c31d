"""Readers who ask the same at the same moment share one answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any, TypeVar, cast

from storage.batching import Batcher

T = TypeVar("T")
Read = Callable[[], Awaitable[Any]]


class Sharing:
    """Runs the same read once for all who wait for it; nobody gets what was read before they asked.

    Who comes while one runs waits for the next: so nothing is ever stale, and a crowd costs little more
    than one reader.
    """

    def __init__(self) -> None:
        self._running: dict[Hashable, Batcher[Read, Any]] = {}

    async def read(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        """Return what `read` finds, which everybody with this key would find."""
        batcher = self._running.get(key)
        if batcher is None:
            batcher = self._running[key] = Batcher(run_once)
        try:
            return cast("T", await batcher.submit(read))
        finally:
            if batcher.idle:
                self._running.pop(key, None)


async def run_once(reads: Sequence[Read]) -> Sequence[Any]:
    """Run the first of the reads for all of them."""
    return [await reads[0]()] * len(reads)
