"""One timer for all connections: wakes each at its next deadline, in steps of a tenth of a second."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

TICK = 0.1  # seconds


class Sleeper(Protocol):
    """What a wheel wakes."""

    def wake(self, now: float) -> None:
        """Do what is due at the time."""


Item = TypeVar("Item", bound=Sleeper)


class Wheel(Generic[Item]):
    """Deadlines in buckets of a tick; ten thousands of connections cost one timer and a set entry each."""

    def __init__(self, now: float) -> None:
        self._buckets: dict[int, set[Item]] = {}
        self._turned = int(now / TICK)

    def schedule(self, item: Item, when: float) -> None:
        """Wake the item at the first turn after the time."""
        bucket = max(int(when / TICK) + 1, self._turned + 1)
        self._buckets.setdefault(bucket, set()).add(item)

    def turn(self, now: float) -> None:
        """Wake everything whose time has come."""
        for item in self._pop(int(now / TICK)):
            item.wake(now)

    def _pop(self, until: int) -> Iterator[Item]:
        # After a long pause a look at each bucket is cheaper than one at each tick.
        due = [bucket for bucket in self._buckets if bucket <= until]
        self._turned = max(self._turned, until)
        for bucket in sorted(due):
            yield from self._buckets.pop(bucket)
