"""Importing dumps: every collection, polls and votes, the command line."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from scripts.session import Failure
from storage.driver import ObjectId
from storage.imports.flux import COLLECTIONS, make_loader
from storage.imports.record import Record
from storage.stores import Stores
from tests.scripts.conftest import Script
from tests.scripts.dumps import (
    ANN,
    BEN,
    COMMUNITY,
    SECRET,
    Load,
    address_of,
    assert_sound,
    dump,
    load_community,
    loader,
    oid,
    user,
)


@pytest.fixture
def load(stores: Stores, tmp_path: Path) -> Load:
    return loader(stores, tmp_path)


async def test_every_collection_loads_and_the_database_is_sound(load: Load, stores: Stores) -> None:
    """Each row counts once, references, tallies, sequences and figures are right."""
    assert {name for name, _ in COMMUNITY} == set(COLLECTIONS)
    imported = await load_community(load)
    left_out = {"roles": 1, "notify_queue": 1}
    assert imported == {name: len(rows) - left_out.get(name, 0) for name, rows in COMMUNITY}
    await assert_sound(stores)
    tally = await stores.polls.tally(7)
    assert (dict(tally.stats), tally.total, str(tally.id)) == (
        {"a": 1, "b": 2},
        3,
        "5f0c9b03d2e7b8361c40ab52",
    )
    getinfo = await stores.statistics.counters()
    assert (str(getinfo["_id"]), getinfo["n_members"]) == ("5f0c9b03d2e7b8361c40ab53", 1)
    assert await stores.roles.held_by(ObjectId(ANN)) == ("phone_bank",)
    assert await stores.gazetteer.streets("au", "0800", "darwin (nt)") == ["WOODS ST"]
    assert await stores.counters.take("call_log") == 100000010
    assert await stores.counters.take("users") == 1001
    proof = await stores.database["email_validation"].find_one({})
    assert proof is not None
    assert proof["email_id"] == (await address_of(stores, "ann@example.org"))["id"]


async def test_a_second_load_changes_nothing(load: Load, stores: Stores) -> None:
    """The same files again: the same counts, the same documents."""
    first = await load_community(load)
    before = await dump(stores)
    assert await load_community(load) == first
    assert await dump(stores) == before


async def test_a_dry_run_counts_and_stores_nothing(load: Load, stores: Stores) -> None:
    """Checking alone leaves the database as it is, and finds the same faults."""
    before = await dump(stores)
    rows = dict(COMMUNITY)["users"]
    assert await load("users", *rows, dry=True) == {"imported": {"users": 3}, "skipped": []}
    with pytest.raises(Failure, match="line 2: email is missing"):
        await load("users", rows[0], {"_id": oid(BEN)}, dry=True)
    assert await dump(stores) == before


async def test_the_last_vote_counts(load: Load, stores: Stores) -> None:
    """A row replaces the member's vote, unless that is newer; the tally follows."""
    await load("users", user(ANN, "ann@example.org"), user(BEN, "ben@example.org"))
    row = {"_id": 1, "poll_id": 1, "user_id": oid(ANN), "option_id": "100", "timestamp": 5}
    await load("votes", row)
    await load("votes", {**row, "option_id": "101"}, {**row, "_id": 9, "option_id": "102", "timestamp": 6})
    assert (await stores.polls.tally(1)).stats["102"] == 1
    await load("votes", {**row, "_id": 9, "user_id": oid(BEN), "timestamp": 7})
    assert dict((await stores.polls.tally(1)).stats) | {"100": 1, "102": 0} == dict(
        (await stores.polls.tally(1)).stats
    )
    await stores.polls.cast(1, ObjectId(BEN), "107")
    await load("votes", {**row, "_id": 9, "user_id": oid(BEN), "timestamp": 8})
    assert (await stores.polls.tally(1)).stats["107"] == 1
    assert (await stores.polls.tally(1)).total == 1
    await assert_sound(stores)


async def test_members_vote_while_votes_are_imported(load: Load, stores: Stores) -> None:
    """Neither gets lost, and the tally is the count of both at any time."""
    people = [f"{n:024x}" for n in range(1, 601)]
    await load("users", *(user(each, f"{each}@example.org") for each in people))
    rows = [
        {"_id": n, "poll_id": 1, "user_id": oid(each), "option_id": "100", "timestamp": 1}
        for n, each in enumerate(people)
    ]
    voters = [ObjectId(each) for each in people[::3]]
    await asyncio.gather(load("votes", *rows), *(stores.polls.cast(1, each, "101") for each in voters))
    tally = await stores.polls.tally(1)
    assert (tally.stats["100"], tally.stats["101"], tally.total) == (400, 200, 600)
    await assert_sound(stores)


async def test_a_poll_is_extended_never_cut(load: Load, stores: Stores) -> None:
    """Options are added and renamed, the document takes the row's `_id`."""
    before = await stores.polls.tally(1)
    new = oid("5f0c9b03d2e7b8361c40ab60")
    await load(
        "poll_options",
        {"_id": new, "id": 1, "poll_id": 1, "options": {"100": "Yes", "z": "Z"}, "question": "?"},
    )
    words, tally = await stores.polls.words(1), await stores.polls.tally(1)
    assert (words.question, words.options["100"], words.options["z"]) == ("?", "Yes", "Z")
    assert tally.stats.keys() == before.stats.keys() | {"z"}
    stored = await stores.database["poll_options"].find_one({"poll_id": 1})
    assert stored is not None
    assert stored["_id"] == ObjectId(new["$oid"])
    await assert_sound(stores)


async def test_messages_of_both_sides_stay(load: Load, stores: Stores) -> None:
    """Feedback that was given here is not lost when the dump's is loaded."""
    await load("users", user(ANN, "ann@example.org"))
    await stores.feedback.add(ObjectId(ANN), "here", 10)
    row = {"_id": 1, "user_id": oid(ANN), "feedbacks": [{"feedback": "there", "submission_time": 5}]}
    for _ in range(2):
        await load("app_feedback", row)
    stored = await stores.database["app_feedback"].find_one({})
    assert stored is not None
    assert [each["feedback"] for each in stored["feedbacks"]] == ["there", "here"]
    assert stored["n_feedbacks"] == 2


async def test_a_run_that_was_cut_short_is_completed_by_the_next(load: Load, stores: Stores) -> None:
    """What a killed run has stored is met again, not doubled."""
    await load("users", user(ANN, "ann@example.org", s=SECRET))
    whole = [user(ANN, "ann@example.org", s=SECRET), user(BEN, "ben@example.org", s="b")]
    loader = make_loader("users", stores)
    await loader.write([Record(1, {"_id": ObjectId(BEN), "email": "ben@example.org", "s": "b"}, 1, "users")])
    before = await stores.database["users"].find({}).sort("_id", 1).to_list(None)
    assert (await load("users", *whole))["imported"] == {"users": 2}
    assert await stores.database["users"].find({}).sort("_id", 1).to_list(None) == before
    await assert_sound(stores)


async def test_the_command_line_imports_and_reports(script: Script, stores: Stores, tmp_path: Path) -> None:
    """One JSON document on stdout; of several files those before a bad one are kept; the rest is sound."""
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(user(ANN, "ann@example.org")) + "\n")
    bad.write_text(json.dumps(user(BEN, "ben@example.org")) + "\n{}\n")
    ran = await script("import_dump", str(good), "--collection", "users")
    assert (ran.code, ran.json) == (0, {"imported": {"users": 1}, "skipped": []}), ran.err
    ran = await script("import_dump", str(good), str(bad), "--collection", "users")
    assert (ran.code, ran.json["imported"]) == (1, {"users": 1})
    assert ran.err == f"{bad} line 2: _id is missing\n"
    assert await stores.database["users"].count_documents({}) == 1
    assert (await script("check_integrity")).code == 0


async def test_wrong_usage_is_told_apart(script: Script, stores: Stores, tmp_path: Path) -> None:
    """An unknown collection, or none, ends with 2; a file that is not there with 1."""
    file = tmp_path / "users.json"
    file.write_text("")
    assert (await script("import_dump", str(file), "--collection", "sessions")).code == 2
    assert (await script("import_dump", "--collection", "users")).code == 2
    missing = await script("import_dump", str(tmp_path / "none.json"), "--collection", "users")
    assert (missing.code, missing.out) == (1, "")
    assert "none.json" in missing.err
    empty = await script("import_dump", str(file), "--collection", "users")
    assert (empty.code, empty.json) == (0, {"imported": {}, "skipped": []})
