"""Importing dumps of the members' dialect."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.import_dump import import_files
from scripts.session import Failure
from storage.driver import ObjectId
from storage.imports.flux import COLLECTIONS, make_loader
from storage.imports.lines import Changed, Lines
from storage.imports.mapping import ImportMap
from storage.imports.record import Record
from storage.integrity import Integrity
from storage.stores import Stores, all_indexes, all_traces
from tests.scripts.conftest import Script

ANN, BEN, CAT, DEE = (f"5f0c9a41d2e7b8361c40aa0{digit}" for digit in range(1, 5))
SECRET = "9b1f6c02e4d87a35c1f0be62a97d4483e5160fcd"
Row = dict[str, Any]
Load = Callable[..., Awaitable[Any]]


def oid(digits: str) -> Row:
    return {"$oid": digits}


def user(digits: str, email: str, **fields: Any) -> Row:
    return {"_id": oid(digits), "email": email, **fields}


@pytest.fixture
def load(stores: Stores, tmp_path: Path) -> Load:
    """Import rows of a collection, through the same door as the command line."""

    async def load(collection: str, *rows: Row | str, dry: bool = False) -> Any:
        path = tmp_path / f"{collection}.json"
        path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
        return (await import_files(stores, [path], collection, dry=dry)).summary()

    return load


async def dump(stores: Stores, *without: str) -> dict[str, list[Row]]:
    """Return all that is stored, but for what moves by itself."""
    names = sorted(await stores.database.handle.list_collection_names())
    rows = {name: await stores.database[name].find({}).sort("_id", 1).to_list(None) for name in names}
    for row in rows["users"]:
        row["auth"].pop("held", None)
    for row in rows.get("public_stats", []):
        row.pop("last_run", None)
    return {name: found for name, found in rows.items() if name not in without and found}


async def find_user(stores: Stores, **query: Any) -> Row:
    row = await stores.database["users"].find_one(query)
    assert row is not None
    return row


async def address_of(stores: Stores, email: str) -> Row:
    row = await stores.database["email_addresses"].find_one({"email_lower": email.lower()})
    assert row is not None
    return row


async def assert_sound(stores: Stores) -> None:
    """Run every check of check_integrity, and look at what only imports remember."""
    integrity = Integrity(stores.database, all_indexes(), (*all_traces(), *ImportMap.TRACES), lag=0.1)
    assert [finding for check in integrity.checks().values() async for finding in check()] == []


COMMUNITY: tuple[tuple[str, tuple[Row, ...]], ...] = (
    (
        "users",
        (
            user(ANN, "Ann@Example.org", s=SECRET, fname="Ann", onAECRoll=True, addr_postcode=800),
            user(BEN, "ben@example.org", s="short", id=40, email_validated=True, dobDay=7, timestamp=1e9),
            user(
                CAT, "cat@example.org", id={"$numberLong": "40"}, do_not_call="", custom={"kept": [1, None]}
            ),
        ),
    ),
    (
        "poll_options",
        ({"_id": oid("5f0c9b03d2e7b8361c40ab01"), "poll_id": 7, "options": {"a": "A", "b": "B"}},),
    ),
    (
        "votes",
        (
            {"_id": 1, "poll_id": 7, "user_id": oid(ANN), "option_id": "a", "timestamp": 5.5},
            {"_id": 2, "poll_id": 7, "user_id": oid(BEN), "option_id": "b", "timestamp": 6},
            {"_id": 3, "poll_id": 7, "user_id": oid(CAT), "option_id": "b"},
        ),
    ),
    (
        "poll_stats",
        ({"_id": oid("5f0c9b03d2e7b8361c40ab52"), "poll_id": 7, "stats": {"a": 99}, "total": 99},),
    ),
    ("public_stats", ({"_id": oid("5f0c9b03d2e7b8361c40ab53"), "id": 1, "n_members": 551},)),
    ("db_meta", ({"_id": oid("5f0c9b03d2e7b8361c40ab54"), "id": 1, "version": 4.25},)),
    (
        "roles",
        (
            {"_id": oid("5f0c9b03d2e7b8361c40ab55"), "role": "phonebank", "uids": [oid(ANN), oid(BEN)]},
            {"_id": oid("5f0c9b03d2e7b8361c40ab56"), "role": "emperor", "uids": [oid(CAT)]},
        ),
    ),
    ("suburbs", ({"_id": 1, "country": "AU", "postcode": 800, "suburbs": ["Darwin (NT)"]},)),
    ("streets", ({"_id": 1, "postcode": "0800", "suburb": "Darwin (NT)", "streets": ["Woods St"]},)),
    ("login_tokens", ({"_id": 1, "user_id": oid(ANN), "token": "t" * 40, "expiry": 4e9, "used": False},)),
    ("login_codes", ({"_id": 1, "user_id": oid(ANN), "code": "ABC12", "expiry": 1},)),
    ("sms_verifications", ({"_id": 1, "phone_number": "0400 000 000", "verify_code": "012345"},)),
    ("email_validation", ({"_id": 1, "user_id": oid(ANN), "validation_token": "v" * 40, "success": False},)),
    (
        "app_feedback",
        (
            {
                "_id": 1,
                "user_id": oid(BEN),
                "feedbacks": [{"feedback": "Hm", "submission_time": 9}],
                "n_feedbacks": 5,
            },
        ),
    ),
    (
        "call_log",
        ({"_id": 1, "call_id": 100000009, "user_id": oid(ANN), "caller_id": None, "handed_out": 3},),
    ),
    ("notify_queue", ({"_id": 1, "s": SECRET, "timestamp": 1.5}, {"_id": 2, "s": "gone", "timestamp": 1.5})),
    ("email_queue", ({"_id": 1, "to": "x@example.org", "ts": 1},)),
    ("sms_queue", ({"_id": 1, "to": "+61400000000", "sent": True},)),
    ("generic_queues", ({"_id": 1, "queue_enum": 3},)),
    (
        "donations",
        ({"_id": 1, "id": "d1", "amount": "12.5", "ts": 5}, {"_id": 2, "amount": 3}, {"_id": 3, "id": None}),
    ),
    (
        "credits",
        ({"_id": 1, "desc": "tea", "uid": None, "count": 1}, {"_id": 2, "desc": "tea", "uid": oid(ANN)}),
    ),
    ("errors", ({"_id": 1, "name": "x", "message": "{}", "ts": {"$date": "2020-01-01T00:00:00Z"}},)),
    ("address_queue", ({"_id": 1, "user_id": oid(CAT), "issue_location": "x"},)),
    ("log", ({"_id": 1, "action": "gave_role", "data": {}, "ts": 3},)),
    ("rate_limits", ({"_id": "X:y", "count": 1, "expires": {"$date": {"$numberLong": "4000000000000"}}},)),
    ("counters", ({"_id": "call_log", "seq": 100000001}, {"_id": "users", "seq": 1000})),
)


async def load_community(load: Load) -> dict[str, int]:
    """Load a row or more of every collection; return what was imported."""
    imported: dict[str, int] = {}
    for name, rows in COMMUNITY:
        imported |= (await load(name, *rows))["imported"]
    return imported


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


async def test_a_line_becomes_a_whole_person(load: Load, stores: Stores) -> None:
    """What is missing is filled in, derived fields too; what is unknown is kept."""
    await load("users", *dict(COMMUNITY)["users"])
    ann, ben, cat = [await find_user(stores, _id=ObjectId(each)) for each in (ANN, BEN, CAT)]
    assert (ann["s"], ann["email_lower"], ann["username"]) == (SECRET, "ann@example.org", "Ann@Example.org")
    assert (ann["addr_postcode"], ann["addr_state"], ann["name"]) == ("0800", "nt", "Ann")
    assert ann["timestamp"] == ObjectId(ANN).generation_time.timestamp()
    assert (ben["id"], ben["dobDay"], ben["email_validated"], ben["timestamp"]) == (40, "7", True, 1e9)
    assert len(cat["s"]) == 40
    assert cat["id"] not in {ann["id"], ben["id"]}
    assert (cat["do_not_call"], cat["state_consent"], cat["needsValidating"]) == (False, True, True)
    assert (cat["custom"], cat["auth"]) == ({"kept": [1, None]}, {"superuser": False, "generation": 0})
    rows = [await address_of(stores, f"{name}@example.org") for name in ("ann", "ben", "cat")]
    assert [(row["primary"], row["verified"]) for row in rows] == [(True, False), (True, True), (True, False)]


async def test_private_fields_and_rights_of_a_dump_are_not_honoured(load: Load, stores: Stores) -> None:
    """A line makes nobody a superuser, and reaches into no other dialect's part."""
    rights = {
        "auth": {"superuser": True},
        "pybossa": {"admin": True},
        "is_superuser": True,
        "email_lower": "x@y",
    }
    await load("users", user(ANN, "ann@example.org", **rights))
    ann = await find_user(stores, _id=ObjectId(ANN))
    assert ann["auth"]["superuser"] is False
    assert not {"pybossa", "is_superuser"} & set(ann)
    assert ann["email_lower"] == "ann@example.org"


@pytest.mark.parametrize(
    ("stored", "kept", "usable"),
    [
        ("ab" * 20, True, False),
        ("0F" * 32, True, False),
        ("$2b$04$abcdefghijklmnopqrstuuAAAA", True, True),
        ("in the clear", False, False),
    ],
)
async def test_passwords_are_kept_as_hashes_only(
    load: Load, stores: Stores, stored: str, kept: bool, usable: bool
) -> None:
    """Flux's hashes stay but never match; what is no hash is dropped."""
    await load("users", user(ANN, "ann@example.org", password=stored, set_password=True))
    ann = await find_user(stores, _id=ObjectId(ANN))
    assert (ann["password"], ann["set_password"]) == (stored if kept else "", usable)


async def join_ann(stores: Stores) -> Row:
    """Register somebody who is in the dump, too."""
    made = await stores.accounts.register(
        "ann@example.org", {"fname": "Ann", "sname": "Known"}, ip=None, mails=lambda _: ()
    )
    mine = {"password": "$2b$04$mine", "set_password": True}
    await stores.database["users"].update_one({"_id": made.person["_id"]}, {"$set": mine})
    return made.person


async def test_a_known_address_is_joined(load: Load, stores: Stores) -> None:
    """The account keeps id and password, takes fields and secret, and references of the dump find it."""
    known = await join_ann(stores)
    line = user(ANN, "ANN@example.org", s=SECRET, id=77, fname="Anna", sname="", email_validated=True)
    await load("users", {**line, "password": "ab" * 20, "volunteer": True})
    assert await stores.database["users"].count_documents({}) == 1
    ann = await find_user(stores, _id=known["_id"])
    assert (ann["id"], ann["password"], ann["email"]) == (known["id"], "$2b$04$mine", "ann@example.org")
    assert (ann["s"], ann["fname"], ann["sname"], ann["volunteer"]) == (SECRET, "Anna", "Known", True)
    assert ann["email_validated"] is (await address_of(stores, "ann@example.org"))["verified"] is True
    await load("votes", {"_id": 1, "poll_id": 1, "user_id": oid(ANN), "option_id": "105"})
    await load("roles", {"_id": 1, "role": "finance", "uids": [oid(ANN)]})
    assert await stores.roles.held_by(known["_id"]) == ("finance",)
    assert (await stores.polls.tally(1)).total == 1
    await assert_sound(stores)


async def test_lines_of_one_address_are_one_person(load: Load, stores: Stores) -> None:
    """Two documents with one address, in different case, become one account; both keys find it."""
    await load(
        "users", user(ANN, "ann@example.org", s="one"), user(BEN, "ANN@example.org", s="two", fname="B")
    )
    ann = await find_user(stores)
    assert (ann["_id"], ann["s"], ann["fname"]) == (ObjectId(ANN), "two", "B")
    await load(
        "votes",
        *(
            {"_id": n, "poll_id": 1, "user_id": oid(who), "option_id": "105"}
            for n, who in enumerate((ANN, BEN))
        ),
    )
    assert (await stores.polls.tally(1)).total == 1
    await assert_sound(stores)


async def test_what_was_revoked_since_does_not_come_back(load: Load, stores: Stores) -> None:
    """A later load restores no secret, no role, no used link, no password."""
    line = user(ANN, "ann@example.org", s=SECRET, password="$2b$04$old")
    role = {"_id": 1, "role": "admin", "uids": [oid(ANN)]}
    token = {"_id": 1, "user_id": oid(ANN), "token": "t" * 40, "expiry": 4e9}
    for name, row in (("users", line), ("roles", role), ("login_tokens", token)):
        await load(name, row)
    await stores.roles.take("admin", ObjectId(ANN))
    await stores.magic_links.redeem("t" * 40)
    revoked = {"s": "fresh", "password": "", "set_password": False}
    await stores.database["users"].update_one({"_id": ObjectId(ANN)}, {"$set": revoked})
    for name, row in (("users", {**line, "fname": "A"}), ("roles", role), ("login_tokens", token)):
        assert (await load(name, row))["imported"] == {name: 1}
    ann = await find_user(stores, _id=ObjectId(ANN))
    assert {name: ann[name] for name in revoked} == revoked
    assert (ann["fname"], await stores.roles.held_by(ObjectId(ANN))) == ("A", ())
    assert not await stores.magic_links.is_open("t" * 40)


async def test_rows_of_a_deleted_person_are_left_out(load: Load, stores: Stores) -> None:
    """Who has left since is told under skipped; loaded again, they come back with another secret."""
    line, vote = (
        user(ANN, "ann@example.org", s=SECRET),
        {"_id": 1, "poll_id": 1, "user_id": oid(ANN), "option_id": "105"},
    )
    await load("users", line)
    await stores.deletion.delete(ObjectId(ANN))
    reason = "the person was deleted here"
    assert await load("votes", vote) == {
        "imported": {},
        "skipped": [{"model": "votes", "count": 1, "reason": reason}],
    }
    await load("users", line)
    assert (await find_user(stores, _id=ObjectId(ANN)))["s"] != SECRET
    assert (await load("votes", vote))["imported"] == {"votes": 1}


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


GOOD = user(ANN, "ann@example.org", s=SECRET)
VOTE = {"_id": 1, "poll_id": 1, "user_id": oid(DEE), "option_id": "100"}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("{not json", "JSON"),
        ("[]", "object"),
        ({"email": "x@example.org"}, "_id"),
        (user(BEN, "no address"), "email"),
        (user(BEN, "ben@example.org", fname=["x"]), "fname"),
        (user(BEN, "ben@example.org", onAECRoll="maybe"), "onAECRoll"),
        (user(BEN, "ben@example.org", s="x" * 51), "s "),
        (user(BEN, "ben@example.org", s=SECRET), "line 1"),
        (user(BEN, "ben@example.org", id=True), "id"),
        (user(BEN, "ben@example.org", **{"auth.superuser": True}), "auth.superuser"),
        (user(BEN, "ben@example.org", x={"$where": "1"}), "$where"),
        (user(BEN, "ben@example.org", x={"$regex": "a", "$options": ""}), "$regex"),
        (user("xyz", "ben@example.org"), "$oid"),
        (user(BEN, "ben@example.org", x=2**63), "8-byte"),
        ('{"_id": 1, "x": ' + "[" * 200 + "]" * 200 + "}", "levels"),
    ],
)
async def test_a_bad_line_is_named_and_leaves_nothing(
    load: Load, stores: Stores, tmp_path: Path, bad: Row | str, reason: str
) -> None:
    """File, line and reason are told; no line of the file is kept."""
    before = await dump(stores)
    with pytest.raises(Failure) as failure:
        await load("users", GOOD, "", bad, user(CAT, "cat@example.org"))
    assert str(failure.value).startswith(f"{tmp_path / 'users.json'} line 3: ")
    assert reason in str(failure.value)
    assert failure.value.answer is None
    assert await dump(stores) == before


@pytest.mark.parametrize(
    ("collection", "bad", "reason"),
    [
        ("votes", VOTE, f"user_id: there is no user {DEE}"),
        ("votes", {**VOTE, "user_id": oid(ANN), "poll_id": 5}, "there is no poll 5"),
        ("votes", {**VOTE, "user_id": oid(ANN), "option_id": "999"}, "option_id"),
        ("votes", {**VOTE, "user_id": ANN}, "user_id is not an ObjectId"),
        ("roles", {"_id": 1, "role": "admin", "uids": [oid(ANN), oid(DEE)]}, "uids"),
        ("login_tokens", {"_id": 1, "user_id": oid(ANN), "token": "x"}, "expiry is missing"),
        ("poll_options", {"_id": 1, "poll_id": 3, "options": {"a b": "x"}}, "options"),
        ("poll_stats", {"_id": 1, "poll_id": 3}, "there is no poll 3"),
        ("public_stats", {"_id": 1, "id": 2}, "id is neither 0 nor 1"),
        ("app_feedback", {"_id": 1, "user_id": oid(ANN), "feedbacks": ["x"]}, "feedbacks"),
        ("sms_verifications", {"_id": 1, "phone_number": "12", "verify_code": "1"}, "phone_number"),
    ],
)
async def test_references_and_shapes_are_checked_before_anything_is_written(
    load: Load, stores: Stores, collection: str, bad: Row, reason: str
) -> None:
    """A reference to nothing, or a field of another type, refuses the file."""
    await load("users", GOOD)
    before = await dump(stores)
    with pytest.raises(Failure) as failure:
        await load(collection, bad)
    assert f"line 1: {reason}" in str(failure.value)
    assert await dump(stores) == before


async def test_a_secret_of_somebody_else_is_refused(load: Load, stores: Stores) -> None:
    """Two accounts never share a secret, nor does one take another's."""
    known = await join_ann(stores)
    with pytest.raises(Failure, match="line 1: s belongs to another account"):
        await load("users", user(BEN, "ben@example.org", s=known["s"]))


async def test_many_lines_come_in_batches(load: Load, stores: Stores) -> None:
    """More lines than a batch holds, and one person again and again among them."""
    lines = [user(f"{n:024x}", f"p{n % 300}@example.org", s=f"s{n}") for n in range(1, 701)]
    assert (await load("users", *lines))["imported"] == {"users": 700}
    assert await stores.database["users"].count_documents({}) == 300
    assert (await find_user(stores, email="p1@example.org"))["s"] == "s601"
    await assert_sound(stores)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"_id": 1, "x": "\xff"}', "JSON"),
        (b'{"_id": 1, "x": "\\ud800"}', "JSON"),
        (b'{"_id": 1, "x": 1e400}', "JSON"),
        (b'{"_id": 1, "x": NaN}', "JSON"),
        (b'{"_id": 1, "a\\u0000b": 1}', "field"),
        (b'{"_id": 1, "x": {"$date": "yesterday"}}', "$date"),
        (b'{"_id": 1, "x": {"$date": {"$numberLong": "99999999999999999"}}}', "$date"),
        (b'{"_id": 1, "x": {"$undefined": true}}', "$undefined"),
        (b'{"_id": [1]}', "_id is a list"),
    ],
)
async def test_what_cannot_be_stored_is_refused(
    stores: Stores, tmp_path: Path, line: bytes, reason: str
) -> None:
    """Bytes, numbers and types that no document of ours has are named with their line."""
    path = tmp_path / "errors.json"
    path.write_bytes(b'{"_id": 0, "ts": 1}\r\n' + line)
    with pytest.raises(Failure, match="line 2: ") as failure:
        await import_files(stores, [path], "errors")
    assert reason in str(failure.value)
    assert await stores.database["errors"].find_one({}) is None


async def test_canonical_and_relaxed_forms_are_read_alike(load: Load, stores: Stores) -> None:
    """Numbers, dates and binaries in either of mongoexport's forms."""
    canonical = {
        "n": {"$numberInt": "5"},
        "l": {"$numberLong": "9007199254740993"},
        "d": {"$numberDouble": "0.5"},
        "m": {"$numberDecimal": "1.5"},
        "t": {"$date": {"$numberLong": "1600000000250"}},
        "b": {"$binary": {"base64": "AQI=", "subType": "00"}},
    }
    relaxed = {"n": 5, "l": 9007199254740993, "d": 0.5, "m": 1.5, "t": {"$date": "2020-09-13T12:26:40.25Z"}}
    await load("errors", {"_id": 1, "ts": 1, **canonical}, {"_id": 2, "ts": 1, **relaxed})
    first, second = await stores.database["errors"].find({}).sort("_id", 1).to_list(None)
    assert {name: first[name] for name in relaxed} == {name: second[name] for name in relaxed}
    assert (second["l"], first["b"]) == (9007199254740993, b"\x01\x02")


async def test_a_run_that_was_cut_short_is_completed_by_the_next(load: Load, stores: Stores) -> None:
    """What a killed run has stored is met again, not doubled."""
    await load("users", user(ANN, "ann@example.org", s=SECRET))
    whole = [user(ANN, "ann@example.org", s=SECRET), user(BEN, "ben@example.org", s="b")]
    loader = make_loader("users", stores)
    await loader.write([Record(1, {"_id": ObjectId(BEN), "email": "ben@example.org", "s": "b"}, 1)])
    before = await stores.database["users"].find({}).sort("_id", 1).to_list(None)
    assert (await load("users", *whole))["imported"] == {"users": 2}
    assert await stores.database["users"].find({}).sort("_id", 1).to_list(None) == before
    await assert_sound(stores)


async def test_a_file_that_changes_meanwhile_is_refused(stores: Stores, tmp_path: Path) -> None:
    """What is written is what was checked."""
    path = tmp_path / "errors.json"
    path.write_text('{"_id": 1, "ts": 1}\n')
    lines = Lines.of(path)
    path.write_text('{"_id": 1, "ts": 1}\n{"_id": 2, "ts": 1}\n')
    with pytest.raises(Changed):
        list(lines.records())


async def test_the_command_line_imports_and_reports(script: Script, stores: Stores, tmp_path: Path) -> None:
    """One JSON document on stdout; of several files those before a bad one are kept; the rest is sound."""
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(GOOD) + "\n")
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
    assert (await script("import_dump", str(file))).code == 2
    missing = await script("import_dump", str(tmp_path / "none.json"), "--collection", "users")
    assert (missing.code, missing.out) == (1, "")
    assert "none.json" in missing.err
    empty = await script("import_dump", str(file), "--collection", "users")
    assert (empty.code, empty.json) == (0, {"imported": {}, "skipped": []})
