"""Importing what can't be taken: the file, the place and the reason are told, nothing is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.import_dump import import_files
from scripts.session import Failure
from storage.imports.lines import Lines
from storage.imports.source import Changed, DumpFile
from storage.stores import Stores
from tests.scripts.dumps import (
    ANN,
    BEN,
    CAT,
    DEE,
    SECRET,
    Load,
    Row,
    dump,
    loader,
    oid,
    user,
)


@pytest.fixture
def load(stores: Stores, tmp_path: Path) -> Load:
    return loader(stores, tmp_path)


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


async def test_a_file_that_changes_meanwhile_is_refused(stores: Stores, tmp_path: Path) -> None:
    """What is written is what was checked."""
    path = tmp_path / "errors.json"
    path.write_text('{"_id": 1, "ts": 1}\n')
    lines = Lines(DumpFile.of(path), "errors")
    path.write_text('{"_id": 1, "ts": 1}\n{"_id": 2, "ts": 1}\n')
    with pytest.raises(Changed):
        list(lines.records())


async def test_what_no_dialect_takes_is_counted(stores: Stores, tmp_path: Path) -> None:
    """A Django dump is read record by record, in pieces; labels that nobody claims are listed."""
    path = tmp_path / "dump.json"
    rows = [{"model": "Sites.Site", "pk": n, "fields": {"text": "\u00e9]" * 2000}} for n in range(300)]
    path.write_text(
        "\ufeff " + json.dumps([*rows, {"model": "x.y", "pk": None, "fields": {}}], indent=1) + "\n"
    )
    outcome = await import_files(stores, [path], None)
    reason = "no dialect of ours takes it"
    assert outcome.summary() == {
        "imported": {},
        "skipped": [
            {"model": "sites.site", "count": 300, "reason": reason},
            {"model": "x.y", "count": 1, "reason": reason},
        ],
    }
    path.write_text("[ ]")
    assert (await import_files(stores, [path], None)).summary() == {"imported": {}, "skipped": []}


ROW = b'{"model": "a.b", "pk": 1, "fields": {}}'


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[" + ROW + b", {]", "record 2: is not JSON"),
        (b"[" + ROW + b", " + ROW, "record 2: a comma"),
        (b"[" + ROW + b",]", "record 2: is not JSON"),
        (b"[" + ROW + b"] x", "record 1: there is more"),
        (b"[" + ROW + b", 5]", "record 2: is not an object"),
        (b'[{"pk": 1, "fields": {}}]', "record 1: model is missing"),
        (b'[{"model": "a", "fields": {"x": NaN}}]', "record 1: NaN"),
        (b'[{"model": "a", "fields": {"x": "\\ud800"}}]', "record 1: "),
        (b'[{"model": "a", "fields": {"x": 99999999999999999999}}]', "record 1: "),
        (b'[{"model": "a", "fields": {"x": "\xff"}}]', "UTF-8"),
        (b"[" * 100_000, "record 1: is not JSON"),
        (b'{"users": []}', "is neither dumpdata nor"),
        (b"", "is neither dumpdata nor"),
    ],
)
async def test_a_broken_dumpdata_file_names_its_record(
    stores: Stores, tmp_path: Path, content: bytes, reason: str
) -> None:
    """What is no list of records is refused with the number of the bad one."""
    path = tmp_path / "dump.json"
    path.write_bytes(content)
    with pytest.raises(Failure, match=reason):
        await import_files(stores, [path], None)
