"""Events in the store: made at once, counted without counting, read from anywhere."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from storage.accounts import Member
from storage.errors import NotFound, Rejected
from storage.klub import event_queries
from storage.klub.event import DEFAULTS, new_event
from storage.klub.event_queries import Audience, EventFilter, read_order
from storage.stores import Stores

EVERYTHING = Audience(everything=True)
ODD = ("", "zmj")


@pytest.fixture
async def member(stores: Stores) -> Member:
    """Give an account."""
    made = await stores.accounts.register("ann@example.org", {}, ip=None, mails=lambda _: ())
    return Member.of(made.person)


def values(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "units": [1], "type": None, "location": None, **fields}


async def test_events_made_at_once_differ_in_their_slugs(stores: Stores, member: Member) -> None:
    made = await asyncio.gather(*(stores.events.create(values("Camp"), member) for _ in range(12)))
    assert len({event.slug for event in made}) == 12
    assert "camp" in {event.slug for event in made}
    assert await stores.event_lists.seen_by(EVERYTHING).total() == 12
    assert await stores.database["organization_positions"].count_documents({}) == 1
    rows = await stores.database["events"].find().to_list(None)
    assert all(row["team"] == [member.id] for row in rows)


async def test_a_new_event_has_counts_for_who_watches(stores: Stores, member: Member) -> None:
    event = await stores.events.create(values("Camp"), member)
    row = await stores.database["events"].find_one({"_id": event.id})
    assert row is not None
    counts = {name: row[name] for name in ("registered", "attended", "cancelled", "version")}
    assert counts == {"registered": 0, "attended": 0, "cancelled": 0, "version": 1}


async def test_the_first_events_are_all_counted(stores: Stores, member: Member) -> None:
    lists = stores.event_lists.seen_by(EVERYTHING)
    await asyncio.gather(
        *(stores.events.create(values("Camp", public_on_web=True), member) for _ in range(6)),
        *(lists.total() for _ in range(6)),
    )
    assert await lists.total() == await stores.event_lists.seen_by(Audience()).total() == 6


async def test_changes_of_a_missing_event_are_refused(stores: Stores) -> None:
    with pytest.raises(NotFound):
        await stores.events.change(9, {"name": "x"})
    with pytest.raises(NotFound):
        await stores.events.remove(9)
    with pytest.raises(NotFound):
        await stores.events.change(9, {})


async def test_an_event_is_never_at_a_location_that_is_gone(stores: Stores, member: Member) -> None:
    park = await stores.locations.add({"name": "Park"})
    event = await stores.events.create(values("Camp"), member)

    async def move() -> None:
        await stores.events.change(event.id, {"location": park.id})

    await asyncio.gather(move(), stores.locations.remove(park.id), return_exceptions=True)
    assert (await stores.events.find(event.id)).location is None
    with pytest.raises(Rejected):
        await move()


@pytest.fixture
async def many(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Store 60 events, every third one a draft, and call pages deep from the fifth event on."""
    monkeypatch.setattr(event_queries, "DEEP", 5)
    rows = [
        new_event(n, f"e{n}", values(f"Event {n % 7}", public_on_web=n % 3 > 0, program=ODD[n % 2]))
        for n in range(1, 61)
    ]
    await stores.database["events"].insert_many(rows)
    await stores.event_counts.recount()
    return [row["_id"] for row in sorted(rows, key=lambda row: row["order"])]


@pytest.mark.parametrize("size", [1, 7, 10, 60, 100])
async def test_windows_join_to_the_whole_list(stores: Stores, many: list[int], size: int) -> None:
    lists = stores.event_lists
    public = [number for number in many if number % 3 > 0]
    odd = await lists.narrowed(Audience(), EventFilter(among=(("program", ["zmj"]),)))
    backwards = await lists.narrowed(EVERYTHING, EventFilter(), ["-id"])
    for listing, expected in (
        (lists.seen_by(EVERYTHING), many),
        (lists.seen_by(Audience()), public),
        (lists.seen_by(Audience(member=5)), public),
        (odd, [number for number in public if number % 2]),
        (backwards, sorted(many, reverse=True)),
    ):
        total = await listing.total()
        windows = [await listing.window(offset, size) for offset in range(0, total + size, size)]
        assert [event.id for window in windows for event in window] == expected
        assert total == len(expected)


async def test_filtered_numbers_are_counted_once_for_each_change(stores: Stores, many: list[int]) -> None:
    listing = await stores.event_lists.narrowed(EVERYTHING, EventFilter(among=(("program", ["zmj"]),)))
    assert await listing.total() == 30
    await stores.database["events"].delete_one({"_id": 1})  # behind the store's back
    assert await listing.total() == 30
    await stores.event_counts.recount()
    assert await listing.total() == 29


async def test_a_member_sees_each_event_of_their_own_once(stores: Stores, many: list[int]) -> None:
    await stores.database["events"].update_many({"_id": {"$in": [3, 4]}}, {"$set": {"team": [5]}})
    listing = stores.event_lists.seen_by(Audience(member=5))
    seen = [event.id for event in await listing.window(0, 100)]
    assert await listing.total() == len(seen) == 41
    assert {3, 4} <= set(seen)
    own = stores.event_lists.seen_by(Audience(public=False, member=5))
    assert (await own.total(), {event.id for event in await own.window(0, 10)}) == (2, {3, 4})


def test_orders_end_with_the_usual_one_in_the_last_direction() -> None:
    assert read_order(["name", "-age_from", "x"]) == (("name", 1), ("age_from", -1), ("order", -1))
    assert read_order(["-id", "id"]) == (("_id", -1),)
    assert read_order(["x", "", "-"]) == ()
    assert len(read_order(list(event_queries.SORTABLE))) <= 32


def test_every_default_is_a_field_of_its_own() -> None:
    row = new_event(1, "a", values("A"))
    assert {name: row[name] for name in DEFAULTS} == dict(DEFAULTS)
