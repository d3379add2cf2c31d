"""The demo's events: there from the beginning, and somebody comes or stays away now and then."""

from __future__ import annotations

import random

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


async def test_without_the_demos_events_nobody_comes(stores: Stores) -> None:
    made = await stores.accounts.register("x@example.org", {}, ip=None, mails=lambda _: ())
    await attend(stores, [made.person["_id"]], random.Random(1))
    assert await stores.database["interactions"].find_one({}) is None
