"""The demo's events: there from the beginning, and somebody comes or stays away now and then."""

from __future__ import annotations

import random
from typing import Any

from scripts.demo.events import EVENTS, FULL, attend, demo_events
from scripts.demo.founding import populate
from storage.community import Community
from storage.integrity import Integrity
from storage.stores import Stores, all_indexes, all_traces


async def test_life_goes_on_at_the_events(stores: Stores) -> None:
    """Members sign up, come and stay away; the counts stay exact and no event overflows."""
    await populate(stores)
    crowd = await Community(stores.database).residents("founder")
    chance = random.Random(5)
    for _ in range(80):
        await attend(stores, crowd, chance)
    events = await demo_events(stores)
    counts = [await stores.attendance.counts(event.id) for event in events]
    assert len(events) == len(EVENTS)
    assert all(each is not None and 0 < each.registered <= FULL for each in counts)
    assert sum(each.attended for each in counts if each is not None) > 0
    integrity = Integrity(stores.database, all_indexes(), all_traces(), lag=3)
    assert [finding for check in integrity.checks().values() async for finding in check()] == []


class Steady(random.Random):
    """Chance that always takes the first, and lets nobody stay away."""

    def random(self) -> float:
        """Return what means that somebody comes."""
        return 0.5

    def choice(self, seq: Any) -> Any:
        """Return the first."""
        return seq[0]


async def test_who_was_there_goes_home_and_may_come_again(stores: Stores) -> None:
    """Signing up, being there and going home follow one another: events never fill up for good."""
    await populate(stores)
    crowd = (await Community(stores.database).residents("founder"))[-1:]
    (event, *_) = await demo_events(stores)
    before = await stores.attendance.counts(event.id)
    assert before is not None
    seen = []
    for _ in range(4):
        await attend(stores, crowd, Steady())
        counts = await stores.attendance.counts(event.id)
        assert counts is not None
        seen.append((counts.registered - before.registered, counts.attended - before.attended))
    assert seen == [(1, 0), (1, 1), (0, 0), (1, 0)]


async def test_without_the_demos_events_nobody_comes(stores: Stores) -> None:
    made = await stores.accounts.register("x@example.org", {}, ip=None, mails=lambda _: ())
    await attend(stores, [made.person["_id"]], random.Random(1))
    assert await stores.database["interactions"].find_one({}) is None
