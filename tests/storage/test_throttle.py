"""Rate limits: exact over many callers and several processes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from storage.database import Database
from storage.driver import DriverName
from storage.errors import Exhausted
from storage.throttle import Call, Throttle


def call(key: str = "ann", allowed: float = 3, seconds: int = 60) -> Call:
    """Make a call that is counted."""
    return Call("LIMIT", key, allowed, seconds)


async def count_allowed(throttles: list[Throttle], calls: int, allowed: float) -> int:
    """Make calls at once through several throttles; return how many got through."""
    answers = await asyncio.gather(
        *(throttles[number % len(throttles)].count(call(allowed=allowed)) for number in range(calls)),
        return_exceptions=True,
    )
    assert all(answer is None or isinstance(answer, Exhausted) for answer in answers)
    return sum(answer is None for answer in answers)


async def test_a_window_allows_as_many_calls_as_it_says(database: Database) -> None:
    throttle = Throttle(database)
    for _ in range(3):
        await throttle.count(call())
    with pytest.raises(Exhausted) as refused:
        await throttle.count(call())
    assert 1 <= refused.value.retry_after <= 60
    await throttle.count(call("bob"))


async def test_calls_at_once_get_no_more_than_the_limit(database: Database) -> None:
    assert await count_allowed([Throttle(database)], 50, 7) == 7


async def test_processes_share_a_window(database: Database, mongo_uri: str, driver: DriverName) -> None:
    """Each process has its own connection and its own batches."""
    other = Database.connect(mongo_uri, database.name, driver)
    assert await count_allowed([Throttle(database), Throttle(other)], 60, 11) == 11
    await other.close()


async def test_a_window_that_is_over_starts_anew(database: Database) -> None:
    throttle = Throttle(database)
    for _ in range(3):
        await throttle.count(call())
    past = datetime.now(UTC) - timedelta(seconds=1)
    await database.light("rate_limits").update_one({"_id": "LIMIT:ann"}, {"$set": {"expires": past}})
    await throttle.count(call())
    row = await database.light("rate_limits").find_one({"_id": "LIMIT:ann"})
    assert row is not None
    assert row["count"] == 1
    assert row["expires"] > datetime.now(UTC) + timedelta(seconds=50)


async def test_refused_calls_do_not_lengthen_the_window(database: Database) -> None:
    throttle = Throttle(database)
    await throttle.count(call(allowed=1))
    before = await database.light("rate_limits").find_one({"_id": "LIMIT:ann"})
    with pytest.raises(Exhausted):
        await throttle.count(call(allowed=1))
    after = await database.light("rate_limits").find_one({"_id": "LIMIT:ann"})
    assert before is not None
    assert after is not None
    assert after["expires"] == before["expires"]
