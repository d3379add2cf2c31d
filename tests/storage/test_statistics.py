"""The member counters: one object a version."""

from __future__ import annotations

from storage.database import Database
from storage.statistics import Statistics
from storage.stores import Stores


class Moments:
    """A clock that the test sets."""

    now = 1_795_262_000.0

    def __call__(self) -> float:
        return self.now


async def test_counters_of_one_version_are_one_object(database: Database, stores: Stores) -> None:
    """Who subscribed and who reads must not have two objects under one number."""
    clock = Moments()
    statistics = Statistics(database, clock)
    first = await statistics.count()
    same = await statistics.count()
    assert same == first
    clock.now += 1
    later = await statistics.count()
    assert later["last_run"] == first["last_run"] + 1
    assert later["version"] == first["version"] + 1
