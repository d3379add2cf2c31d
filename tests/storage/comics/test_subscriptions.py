"""Subscriptions: each comic once an account, changed all or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from storage.comics.subscriptions import AlreadySubscribed, Entry, UnknownComic
from storage.driver import PyMongoError
from storage.errors import Departed, NotFound, StorageError
from storage.stores import Stores, all_indexes

COMICS = range(1, 8)


@pytest.fixture
async def ann(stores: Stores) -> int:
    await stores.database["comics"].insert_many([{"_id": number, "slug": f"c{number}"} for number in COMICS])
    return await enrol(stores, "ann@example.com")


async def enrol(stores: Stores, email: str) -> int:
    """Make an account; return its id."""
    made = await stores.accounts.register(email, {}, ip=None, mails=lambda _: ())
    return int(made.person["id"])


async def followed(stores: Stores, reader: int) -> dict[int, int]:
    """Return comic by subscription id."""
    rows = await stores.database["comic_subscriptions"].find({"user_id": reader}).to_list(None)
    return {row["_id"]: row["comic_id"] for row in rows}


async def test_each_new_subscription_has_a_higher_id(stores: Stores, ann: int) -> None:
    subscriptions = stores.subscriptions
    first, second = await subscriptions.add(ann, 1), await subscriptions.add(ann, 2)
    await subscriptions.remove(ann, second)
    third = await subscriptions.add(ann, 2)
    assert first < second < third
    assert await followed(stores, ann) == {first: 1, third: 2}


async def test_what_cannot_be_is_refused_and_changes_nothing(stores: Stores, ann: int) -> None:
    subscriptions = stores.subscriptions
    one, two = await subscriptions.add(ann, 1), await subscriptions.add(ann, 2)
    bob = await enrol(stores, "bob@example.com")
    foreign = await subscriptions.add(bob, 3)
    with pytest.raises(AlreadySubscribed):
        await subscriptions.add(ann, 1)
    with pytest.raises(AlreadySubscribed):
        await subscriptions.change(ann, two, 1)
    with pytest.raises(UnknownComic) as unknown:
        await subscriptions.change(ann, two, 99)
    assert unknown.value.comic_id == 99
    for number in (foreign, 999):
        with pytest.raises(NotFound):
            await subscriptions.change(ann, number, 4)
        with pytest.raises(NotFound):
            await subscriptions.remove(ann, number)
    with pytest.raises(Departed):
        await subscriptions.add(999, 1)
    assert await followed(stores, ann) == {one: 1, two: 2}
    assert await followed(stores, bob) == {foreign: 3}


async def test_another_comic_comes_under_the_same_id(stores: Stores, ann: int) -> None:
    number = await stores.subscriptions.add(ann, 1)
    await stores.subscriptions.change(ann, number, 2)
    await stores.subscriptions.change(ann, number, 2)
    assert await followed(stores, ann) == {number: 2}


async def test_a_group_is_worked_through_in_its_order(stores: Stores, ann: int) -> None:
    """A change frees the comic that the next entry takes; what is deleted goes last."""
    one, two = await stores.subscriptions.apply(ann, [Entry(1), Entry(2)], [])
    made = await stores.subscriptions.apply(ann, [Entry(3, one), Entry(1), Entry(4), Entry(3, one)], [two])
    assert await followed(stores, ann) == {one: 3, made[0]: 1, made[1]: 4}


@pytest.mark.parametrize(
    ("entries", "deleted", "error"),
    [
        ([Entry(4), Entry(1)], [], AlreadySubscribed),
        ([Entry(4), Entry(4)], [], AlreadySubscribed),
        ([Entry(1)], [1], AlreadySubscribed),
        ([Entry(2, 1)], [], AlreadySubscribed),
        ([Entry(4), Entry(99)], [], UnknownComic),
        ([Entry(99), Entry(1)], [], UnknownComic),
        ([Entry(4), Entry(5, 3)], [], NotFound),
        ([Entry(4), Entry(5, 77)], [], NotFound),
        ([Entry(4)], [1, 77], NotFound),
        ([Entry(4)], [1, 3], NotFound),
        ([Entry(4)], [1, 1], NotFound),
    ],
)
async def test_a_group_with_one_bad_entry_leaves_everything_as_it_was(
    stores: Stores, ann: int, entries: Sequence[Entry], deleted: Sequence[int], error: type[StorageError]
) -> None:
    """Of the subscriptions 1 to 3 the third one is somebody else's."""
    await stores.subscriptions.apply(ann, [Entry(1), Entry(2)], [])
    bob = await enrol(stores, "bob@example.com")
    await stores.subscriptions.add(bob, 5)
    with pytest.raises(error):
        await stores.subscriptions.apply(ann, entries, deleted)
    assert await followed(stores, ann) == {1: 1, 2: 2}
    assert await followed(stores, bob) == {3: 5}


async def test_nothing_to_do_is_done(stores: Stores, ann: int) -> None:
    assert len(await stores.subscriptions.apply(ann, [], [])) == 0


async def test_three_hundred_at_once_work(stores: Stores, ann: int) -> None:
    comics = range(1000, 1300)
    await stores.database["comics"].insert_many([{"_id": n, "slug": f"c{n}"} for n in comics])
    made = await stores.subscriptions.apply(ann, [Entry(n) for n in comics], [])
    assert await followed(stores, ann) == dict(zip(made, comics, strict=True))
    await stores.subscriptions.apply(ann, [], made)
    assert await followed(stores, ann) == {}


async def test_of_parallel_identical_wishes_one_is_granted(stores: Stores, ann: int) -> None:
    """Several processes: each has stores of its own."""
    processes = [Stores.over(stores.database).subscriptions for _ in range(3)]
    wishes = [processes[n % 3].add(ann, 1) for n in range(60)]
    outcomes = await asyncio.gather(*wishes, return_exceptions=True)
    assert sorted(type(each).__name__ for each in outcomes) == ["AlreadySubscribed"] * 59 + ["int"]
    assert len(await followed(stores, ann)) == 1


async def test_parallel_groups_never_leave_half(stores: Stores, ann: int) -> None:
    """Groups that overlap in one comic: one of them is there as a whole, the others not at all."""
    processes = [Stores.over(stores.database).subscriptions for _ in range(3)]
    groups = [[Entry(2 + n), Entry(1)] for n in range(6)]
    wishes = [processes[n % 3].apply(ann, group, []) for n, group in enumerate(groups)]
    outcomes = await asyncio.gather(*wishes, return_exceptions=True)
    (winner,) = [n for n, each in enumerate(outcomes) if not isinstance(each, BaseException)]
    assert set((await followed(stores, ann)).values()) == {1, 2 + winner}


async def overlook(*_: object) -> dict[int, int]:
    """See none of the stored subscriptions: an import has just brought them."""
    return {}


async def test_the_index_stands_behind_the_look(stores: Stores, ann: int, monkeypatch: Any) -> None:
    """A row that comes in between look and write is a subscription all the same; the index refuses."""
    await stores.subscriptions.add(ann, 1)
    monkeypatch.setattr(stores.subscriptions, "_stored", overlook)
    with pytest.raises(AlreadySubscribed):
        await stores.subscriptions.add(ann, 1)
    assert len(await followed(stores, ann)) == 1


async def test_without_index_and_look_a_comic_would_be_followed_twice(
    stores: Stores, ann: int, monkeypatch: Any
) -> None:
    """The control of the test before."""
    rows = stores.database["comic_subscriptions"]
    await rows.drop_index("user_id_1_comic_id_1")
    monkeypatch.setattr(stores.subscriptions, "_stored", overlook)
    try:
        await stores.subscriptions.add(ann, 1)
        await stores.subscriptions.add(ann, 1)
        assert len(await followed(stores, ann)) == 2
    finally:
        await rows.delete_many({})
        await stores.database.ensure_indexes(all_indexes())


async def test_a_deleted_account_takes_its_subscriptions_along(stores: Stores, ann: int) -> None:
    bob = await enrol(stores, "bob@example.com")
    await stores.subscriptions.add(ann, 1)
    await stores.subscriptions.add(bob, 1)
    person = await stores.database["users"].find_one({"id": ann})
    assert person is not None
    await stores.deletion.delete(person["_id"])
    assert await followed(stores, ann) == {}
    assert len(await followed(stores, bob)) == 1


async def test_no_subscription_survives_a_deletion_that_it_races_with(stores: Stores, ann: int) -> None:
    person = await stores.database["users"].find_one({"id": ann})
    assert person is not None
    wishes = [stores.subscriptions.add(ann, number) for number in COMICS]
    outcomes = await asyncio.gather(*wishes, stores.deletion.delete(person["_id"]), return_exceptions=True)
    assert not [each for each in outcomes if isinstance(each, PyMongoError)]
    assert await followed(stores, ann) == {}
