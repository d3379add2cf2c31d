"""The list of what an account follows."""

from __future__ import annotations

import pytest

from storage.comics.conditions import Condition, Kind, Lookup, Selection
from storage.comics.following import BATCH
from storage.comics.objects import Subscription
from storage.stores import Stores


def by_comic(lookup: Lookup, value: str | int | bool | tuple[int, ...], field: str = "name") -> Selection:
    """Narrow by a condition on the comic."""
    kind = {"name": Kind.TEXT, "active": Kind.BOOLEAN}[field]
    return Selection(comic=(Condition(field, kind, lookup, value),))


def by_id(lookup: Lookup, value: int | tuple[int, ...] | bool) -> Selection:
    """Narrow by the id of the comic."""
    return Selection(own=(Condition("comic_id", Kind.RELATION, lookup, value),))


@pytest.fixture
async def ann(stores: Stores) -> int:
    """Somebody who follows comic 4, 2 and 3 by the subscriptions 1 to 3; somebody else follows 1."""
    comics = [{"_id": n, "slug": f"c{n}", "name": f"Comic {n}", "active": n != 3} for n in range(1, 5)]
    await stores.database["comics"].insert_many(comics)
    rows = [(1, 1, 4), (2, 1, 2), (3, 1, 3), (4, 2, 1), (5, 2, 4)]
    documents = [{"_id": number, "user_id": user, "comic_id": comic} for number, user, comic in rows]
    await stores.database["comic_subscriptions"].insert_many(documents)
    return 1


@pytest.mark.parametrize(
    ("selection", "numbers"),
    [
        (Selection(), [1, 2, 3]),
        (Selection(subscribed=False), [1, 2, 3]),
        (by_comic(Lookup.ICONTAINS, "COMIC"), [1, 2, 3]),
        (by_comic(Lookup.ENDSWITH, "3"), [3]),
        (by_comic(Lookup.EXACT, True, "active"), [1, 2]),
        (by_comic(Lookup.EXACT, "Comic 1"), []),
        (by_comic(Lookup.IN, ()), []),
        (by_id(Lookup.EXACT, 2), [2]),
        (by_id(Lookup.IN, (2, 4)), [1, 2]),
        (by_id(Lookup.IN, ()), []),
        (by_id(Lookup.GT, 2), [1, 3]),
        (by_id(Lookup.ISNULL, True), []),
        (by_id(Lookup.ISNULL, False), [1, 2, 3]),
    ],
)
async def test_a_list_holds_what_is_selected_by_id(
    stores: Stores, ann: int, selection: Selection, numbers: list[int]
) -> None:
    listing = stores.subscriptions.listing(ann, selection)
    assert await listing.total() == len(numbers)
    assert [each.id for each in await listing.window(0, 20)] == numbers
    assert [each.id async for batch in listing.stream(0) for each in batch] == numbers


async def test_a_window_is_a_part(stores: Stores, ann: int) -> None:
    listing = stores.subscriptions.listing(ann, Selection())
    assert await listing.window(1, 1) == [Subscription(2, 2)]
    assert await listing.window(2, 5) == [Subscription(3, 3)]
    assert await listing.window(3, 5) == []
    assert await listing.window(0, 0) == []
    assert [batch async for batch in listing.stream(1)] == [[Subscription(2, 2), Subscription(3, 3)]]


async def test_a_long_list_comes_in_batches(stores: Stores, ann: int) -> None:
    rows = [{"_id": 100 + n, "user_id": 3, "comic_id": n} for n in range(BATCH + 1)]
    await stores.database["comic_subscriptions"].insert_many(rows)
    listing = stores.subscriptions.listing(3, Selection())
    assert [len(batch) async for batch in listing.stream(0)] == [BATCH, 1]


async def test_only_ones_own_is_found(stores: Stores, ann: int) -> None:
    assert await stores.subscriptions.find(ann, 1) == Subscription(1, 4)
    assert await stores.subscriptions.find(ann, 5) is None
    assert await stores.subscriptions.find(ann, 6) is None
