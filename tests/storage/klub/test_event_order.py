"""The order of events: priority, folded name, number; children right after their parent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.klub.event import fold, new_event, place
from storage.stores import Stores

NAMES = st.text(st.sampled_from("abzčŘ -_!9"), min_size=1, max_size=6)


def row(number: int, name: str, priority: int = 0) -> dict[str, Any]:
    return {"_id": number, "name": name, "tn_priority": priority}


@given(st.lists(st.tuples(NAMES, st.integers(0, 32767)), max_size=20))
def test_the_keys_sort_like_what_they_are_made_of(events: list[tuple[str, int]]) -> None:
    rows = [row(number, name, priority) for number, (name, priority) in enumerate(events, 1)]
    expected = sorted(rows, key=lambda each: (-each["tn_priority"], fold(each["name"]), each["_id"]))
    assert sorted(rows, key=place) == expected


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Úklid  parku!", "uklid-parku"), ("Řeka", "reka"), (" -a_b- ", "a_b"), ("日本", ""), ("A — B", "a-b")],
)
def test_names_fold_to_slugs(name: str, slug: str) -> None:
    assert fold(name) == slug


async def put(stores: Stores, number: int, name: str, parent: int | None = None, **fields: Any) -> None:
    """Store an event, below another one or not."""
    rows = stores.database["events"]
    above = await rows.find_one({"_id": parent}) if parent is not None else None
    values = {"name": name, "units": [], "tn_parent": parent, **fields}
    await rows.insert_one(new_event(number, f"e{number}", values, above["order"] if above else ""))


async def listed(stores: Stores) -> list[int]:
    rows = await stores.database["events"].find().sort("order", 1).to_list(None)
    return [each["_id"] for each in rows]


async def test_children_follow_their_parent_when_it_moves(stores: Stores) -> None:
    await put(stores, 1, "b")
    await put(stores, 2, "z", parent=1)
    await put(stores, 3, "a", parent=2)
    await put(stores, 4, "y", parent=1, tn_priority=1)
    await put(stores, 5, "c")
    await put(stores, 6, "b 1")
    assert await listed(stores) == [1, 4, 2, 3, 6, 5]
    await stores.events.change(1, {"name": "d"})
    assert await listed(stores) == [6, 5, 1, 4, 2, 3]
    await stores.events.change(2, {"name": "w"})
    assert await listed(stores) == [6, 5, 1, 4, 2, 3]
    await stores.events.remove(1)
    assert await listed(stores) == [4, 6, 5, 2, 3]
    assert (await stores.database["events"].find_one({"_id": 2}) or {})["tn_parent"] is None


async def test_events_from_elsewhere_are_put_in_their_places(stores: Stores) -> None:
    rows = [
        new_event(
            number, f"e{number}", {"name": name, "units": [], "tn_parent": parent, "public_on_web": True}
        )
        for number, name, parent in [
            (1, "c", 4),
            (2, "a", 1),
            (3, "b", None),
            (4, "a", 99),
            (5, "x", 6),
            (6, "y", 5),
        ]
    ]
    await stores.database["events"].insert_many(rows)
    seats = [
        {"_id": n, "event": event, "user": user, "position": 1}
        for n, event, user in ((1, 3, 8), (2, 3, 7), (3, 3, 8))
    ]
    await stores.database["organization_team"].insert_many(seats)
    assert await stores.event_tree.settle() > 0
    assert await listed(stores) == [4, 1, 2, 3, 6, 5]
    assert (await stores.events.find(3)).team == {7, 8}
    assert (await stores.event_counts.read()).all == 6
    assert await stores.event_tree.settle() == 0
