"""Joining, names, keys, and what people change of themselves."""

from __future__ import annotations

import asyncio

import pytest

from handlers.core.dialect import discover
from storage.errors import Departed, Taken
from storage.pybossa.community import split_name
from storage.pybossa.feed import KEPT
from storage.pybossa.people import RESERVED, base_name
from storage.stores import Stores
from tests.storage.pybossa.village import Village, assert_exact, find_all


@pytest.fixture
def village(stores: Stores) -> Village:
    return Village(stores)


@pytest.mark.parametrize(
    ("fullname", "name"),
    [
        ("John Doe", "johndoe"),
        ("Ωmega José", "megajos"),
        ("A $#&\\/| B C", "abc"),
        ("x" * 50, "x" * 30),
        ("Al", ""),
        ("", ""),
        ("Pro File", ""),
        ("日本語", ""),
    ],
)
def test_a_user_name_is_derived_from_the_full_name(fullname: str, name: str) -> None:
    assert base_name(fullname) == name


@pytest.mark.parametrize(
    ("fullname", "parts"),
    [
        ("Ann", ("Ann", "", "")),
        ("Ann Lee", ("Ann", "", "Lee")),
        ("Ann van der Lee", ("Ann", "van der", "Lee")),
        ("", ("", "", "")),
    ],
)
def test_a_full_name_has_first_middle_and_last_words(fullname: str, parts: tuple[str, ...]) -> None:
    fields = split_name(fullname)
    assert (fields["fname"], fields["mnames"], fields["sname"]) == parts
    assert fields["name"] == fullname


def test_no_path_of_any_dialect_can_be_somebodys_name() -> None:
    segments = {
        route.path.split("/")[2]
        for dialect in discover()
        for route in dialect.routes
        if route.path.startswith("/account/")
    }
    assert {each for each in segments if each and "{" not in each} <= RESERVED


async def test_who_joins_has_a_page_a_key_and_a_rank(village: Village) -> None:
    user = await village.join("John Doe")
    assert (user.name, user.fullname, user.locale, user.score) == ("johndoe", "John Doe", "en", 0)
    assert (user.restrict, user.privacy_mode, user.subscribed, user.valid_email) == (False, True, True, False)
    assert len(user.api_key) == 36
    pybossa = village.stores.pybossa
    assert user == await pybossa.by_name("johndoe") == await pybossa.by_api_key(user.api_key)
    assert await pybossa.by_name("JohnDoe") is None
    assert user == await pybossa.by_oid(user.oid)
    (entry,) = await village.stores.feed.newest()
    assert (entry["action_updated"], entry["name"], entry["rank"]) == ("User", "johndoe", None)
    assert "email" not in str(entry)
    assert await village.rank(user) == 1


async def test_joining_twice_changes_nothing(village: Village) -> None:
    user = await village.join("ann")
    assert await village.admit(user.oid, name="other") == await village.now(user)
    assert len(await village.stores.feed.newest()) == 1


async def test_a_taken_name_gets_digits_where_it_is_derived(village: Village) -> None:
    made = []
    for number in range(3):
        email = f"john{number}@example.org"
        account = await village.stores.accounts.register(
            email, {"name": "John Doe"}, ip=None, mails=lambda _: ()
        )
        made.append(account.person["_id"])
    users = await asyncio.gather(*map(village.admit, made))
    assert sorted(user.name for user in users) == ["johndoe", "johndoe2", "johndoe3"]


async def test_a_name_that_says_nothing_becomes_the_id(village: Village) -> None:
    user = await village.join("日本")
    assert user.name == f"user{user.id}"


async def test_of_two_who_want_a_name_one_gets_it(village: Village) -> None:
    ann, ben = await village.join("ann"), await village.join("ben")
    change = village.stores.pybossa.change
    results = await asyncio.gather(
        *(change(user.oid, {"name": "winner"}) for user in (ann, ben)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in results) == ["PyBossaUser", "Taken"]
    made = await village.stores.accounts.register("c@example.org", {}, ip=None, mails=lambda _: ())
    with pytest.raises(Taken):
        await village.admit(made.person["_id"], name="winner")
    row = await village.stores.accounts.document(made.person["_id"])
    assert "pybossa" not in row
    await assert_exact(village.stores)


async def test_another_full_name_reaches_every_dialect(village: Village) -> None:
    user = await village.join("ann")
    users = village.stores.database["users"]
    valid = {"needsValidating": False, "detailsValid": True, "validationReason": "x"}
    await users.update_one({"_id": user.oid}, {"$set": valid})
    changed = await village.stores.pybossa.change(user.oid, {"fullname": "Ann van Lee", "locale": "fr"})
    row = await village.stores.accounts.document(user.oid)
    assert (changed.fullname, changed.locale, changed.name) == ("Ann van Lee", "fr", "ann")
    assert (row["fname"], row["mnames"], row["sname"]) == ("Ann", "van", "Lee")
    assert (row["needsValidating"], row["detailsValid"]) == (True, False)
    assert "validationReason" not in row
    board = await village.stores.ranking.board()
    assert board is not None
    assert board.users[0]["fullname"] == "Ann van Lee"


async def test_the_same_full_name_leaves_the_validation_alone(village: Village) -> None:
    user = await village.join("ann")
    await village.stores.database["users"].update_one({"_id": user.oid}, {"$set": {"needsValidating": False}})
    await village.stores.pybossa.change(user.oid, {"fullname": "ann", "consent": True})
    assert (await village.stores.accounts.document(user.oid))["needsValidating"] is False


async def test_who_is_gone_or_deactivated_is_not_found(village: Village) -> None:
    ann, ben = await village.join("ann"), await village.join("ben")
    await village.stores.deletion.delete(ann.oid)
    await village.stores.database["users"].update_one({"_id": ben.oid}, {"$set": {"is_active": False}})
    assert await village.stores.pybossa.by_name("ann") is None
    assert await village.stores.pybossa.by_api_key(ben.api_key) is None
    for user in (ann, ben):
        with pytest.raises(Departed):
            await village.stores.pybossa.reset_api_key(user.oid)
        with pytest.raises(Departed):
            await village.stores.pybossa.change(user.oid, {"locale": "fr"})
    assert await village.stores.pybossa.is_taken("ben")
    assert not await village.stores.pybossa.is_taken("ann")


async def test_the_feed_keeps_the_newest_hundred(village: Village) -> None:
    ann = await village.join("ann")
    _, (task,) = await village.project(ann, n_answers=500)
    numbers = [await village.run(task, ann) for _ in range(KEPT + 5)]
    feed = await village.stores.feed.newest()
    assert len(feed) == len(numbers) - 5 == len(await find_all(village.stores, "update_feed"))
    assert {entry["action_updated"] for entry in feed} == {"UserContribution"}
    assert [entry["updated"] for entry in feed] == sorted((e["updated"] for e in feed), reverse=True)


async def test_drafts_and_strangers_are_no_news(village: Village) -> None:
    ann = await village.join("ann")
    _, (draft,) = await village.project(ann, published=False, n_answers=1)
    await village.run(draft, ann)
    _, (task,) = await village.project(ann, n_answers=1)
    await village.run(task, None, "10.0.0.1")
    kinds = [entry["action_updated"] for entry in await village.stores.feed.newest()]
    assert kinds == ["TaskCompleted", "Task", "Project", "User"]
