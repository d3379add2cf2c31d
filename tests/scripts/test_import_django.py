"""Importing Django's dumps from the command line: what is refused, who takes which label, flat memory."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.session import Failure
from settings import Settings
from storage.driver import UpdateOne
from storage.imports import knowme
from storage.imports.ledger import Want, open_ledger
from storage.imports.mapping import ImportMap
from storage.imports.sequences import Numbers
from storage.stores import Stores
from tests.scripts.conftest import Script
from tests.scripts.django_dump import Load, Row, account, address, django_loader, record, subtree, whole_dump
from tests.scripts.dumps import assert_sound, dump, find_user
from tests.serving import ROOT, as_environment

FOREIGN = "it belongs to accounts of another kind in this file"


@pytest.fixture
def load(stores: Stores, tmp_path: Path) -> Load:
    return django_loader(stores, tmp_path)


def changed(model: str, **fields: Any) -> list[Row]:
    """Return the whole dump with other fields in the first record of a model; `...` takes one away."""
    records = whole_dump()
    (row, *_) = [each for each in records if each["model"] == model]
    row["pk"] = fields.pop("pk", row["pk"])
    row["fields"] = {name: value for name, value in (row["fields"] | fields).items() if value is not ...}
    return records


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        (changed("account.user", email=...), "email is missing"),
        (changed("account.user", email=""), "email is empty"),
        (changed("account.user", email="nobody"), "email is not an e-mail address"),
        (changed("account.user", email={"$gt": ""}), "email is not a text"),
        (changed("account.user", first_name="x" * 256), "first_name is longer than 255 characters"),
        (changed("account.user", last_name="a\0b"), "last_name has a NUL"),
        (changed("account.user", is_active="maybe"), "is_active is neither true nor false"),
        (changed("account.user", created_at="yesterday"), "created_at is not a time: 'yesterday'"),
        (changed("account.user", last_login=5), "last_login is not a time"),
        (changed("account.user", pk="x"), "pk is not a whole number"),
        (changed("account.user", pk=None), "pk is missing"),
        (changed("account.user", pk=2**64 - 1), "pk is not a whole number"),
        (changed("account.emailaddress", user=...), "user is missing"),
        (changed("account.emailaddress", user=None), "user is not a whole number"),
        (changed("account.emailaddress", user=["a", "b"]), "user is not a whole number"),
        (changed("account.emailaddress", verified_action=3), "verified_action is neither 1 nor 2"),
        (changed("account.emailaddress", user=999), "user: there is no account.user 999"),
        (changed("account.emailconfirmation", key="k" * 65), "key is not a text of 1 to 64"),
        (changed("account.emailconfirmation", key=""), "key is not a text of 1 to 64"),
        (changed("account.emailconfirmation", created_at=...), "created_at is missing"),
        (changed("account.emailconfirmation", email=999), "email: there is no account.emailaddress 999"),
        (changed("account.passwordreset", key=5), "key is not a text"),
        (changed("authtoken.token", pk="a b"), "pk is not a text of 1 to 40"),
        (changed("authtoken.token", user=999), "user: there is no account.user 999"),
        (changed("know_me.kmuser", user=999), "user: there is no account.user 999"),
        (changed("know_me.profile", name=...), "name is missing"),
        (changed("know_me.profile", name=None), "name is null"),
        (changed("know_me.profile", km_user=999), "km_user: there is no know_me.kmuser 999"),
        (changed("know_me.profiletopic", topic_type="x"), "topic_type is not a whole number"),
        (changed("know_me.profileitem", topic=999), "topic: there is no know_me.profiletopic 999"),
        (
            changed("know_me.imagecontent", media_resource=999),
            "media_resource: there is no know_me.mediaresource",
        ),
        (changed("know_me.listentry", list_content=999), "list_content: there is no know_me.listcontent 999"),
        (changed("know_me.listentry", text="x" * 256), "text is longer than 255 characters"),
        (changed("know_me.mediaresource", file="../secret"), "file is no path below a folder"),
        (changed("know_me.mediaresource", file="/etc/passwd"), "file is no path below a folder"),
        (changed("know_me.emergencyitem", description=None), "description is null"),
        (changed("know_me.emergencycontact", phone_number="1" * 16), "phone_number is longer than 15"),
        (changed("mailing_list.mailchimpuser", subscriber_hash=[1]), "subscriber_hash is not a text"),
    ],
)
async def test_a_bad_record_is_named_and_nothing_is_kept(
    load: Load, stores: Stores, tmp_path: Path, records: list[Row], reason: str
) -> None:
    """File, record and reason are told; of the whole file nothing is stored."""
    before = await dump(stores)
    with pytest.raises(Failure) as failure:
        await load(records)
    place = 1 + next(
        n for n, (row, good) in enumerate(zip(records, whole_dump(), strict=True)) if differs(row, good)
    )
    assert re.match(f"{tmp_path / 'dump.json'} record {place}: ", str(failure.value)), str(failure.value)
    assert reason in str(failure.value)
    assert await dump(stores) == before


def differs(row: Row, good: Row) -> bool:
    """Tell records apart, but for their times, which are relative to now."""
    times = {"created_at"} if row["fields"].get("created_at") not in {"yesterday", None} else set()
    return strip(row, times) != strip(good, times)


def strip(row: Row, names: set[str]) -> Row:
    return {**row, "fields": {name: value for name, value in row["fields"].items() if name not in names}}


async def test_references_reach_earlier_files_and_runs(
    script: Script, stores: Stores, tmp_path: Path
) -> None:
    """Of one call, the files may be split anywhere; a later run goes on from there."""
    records = whole_dump()
    parts = [tmp_path / f"part{n}.json" for n in range(3)]
    for part, rows in zip(parts, (records[:3], records[3:10], records[10:]), strict=True):
        part.write_text(json.dumps(rows))
    ran = await script("import_dump", str(parts[0]), str(parts[1]))
    assert ran.code == 0, ran.err
    assert ran.json["skipped"] == []
    ran = await script("import_dump", str(parts[2]))
    assert ran.code == 0, ran.err
    assert await stores.database["km_list_entries"].count_documents({"id": 84, "item_id": 82}) == 1
    assert (await script("check_integrity")).code == 0


async def test_a_dangling_reference_ends_with_1(script: Script, stores: Stores, tmp_path: Path) -> None:
    """The reason is one line on stderr; a dry run finds it, too."""
    path = tmp_path / "dump.json"
    path.write_text(
        json.dumps([record("know_me.profile", 1, km_user=5, name="x"), account(1, "a@example.com")])
    )
    for flags in ([], ["--dry-run"]):
        ran = await script("import_dump", str(path), *flags)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err == f"{path} record 1: know_me.profile: km_user: there is no know_me.kmuser 5\n"
    assert await stores.database["users"].count_documents({}) == 0
    path.write_text(json.dumps(whole_dump()))
    ran = await script("import_dump", str(path), "--dry-run")
    assert (ran.code, ran.json["skipped"]) == (0, [])
    assert await stores.database["users"].count_documents({}) == 0


@pytest.mark.parametrize("accounts", ["auth.user", "aklub.profile"])
async def test_contested_labels_beside_other_accounts_are_skipped(
    load: Load, stores: Stores, accounts: str
) -> None:
    """Addresses and tokens of other systems have other fields and name other accounts: nobody takes them."""
    theirs = [
        record("account.emailaddress", 1, user=1, email="a@example.com"),
        record("account.emailaddress", 2, verified="what"),
        record("authtoken.token", None),
        record("authtoken.token", "cd" * 20, user=1),
        record(accounts, 1, email="a@example.com"),
    ]
    outcome = await load([each for each in theirs if each["model"] != accounts] + theirs[-1:])
    skipped = {(each["model"], each["reason"]): each["count"] for each in outcome["skipped"]}
    assert skipped[("account.emailaddress", FOREIGN)] == 2
    assert skipped[("authtoken.token", FOREIGN)] == 2
    assert await stores.database["auth_tokens"].count_documents({}) == 0
    with pytest.raises(Failure, match="record 2: "):
        await load([theirs[4], theirs[1], account(5, "b@example.com")])


async def test_other_rows_of_a_dump_are_counted(load: Load) -> None:
    """Sessions, permissions and the like are listed, not imported; case of the label is nobody's business."""
    rows = [
        record("sessions.session", "abc", data="x"),
        record("auth.permission", 1, name="x"),
        record("Account.User", 4, email="ann@example.com"),
    ]
    outcome = await load(rows)
    assert outcome["imported"] == {"account.user": 1}
    assert {each["model"] for each in outcome["skipped"]} == {"sessions.session", "auth.permission"}


async def test_digits_stand_for_numbers_and_files_have_one_owner(load: Load, stores: Stores) -> None:
    """Keys may be written as texts; a media resource of somebody else is not attached."""
    records = [account(1, "ann@example.com"), account(2, "bob@example.com"), *subtree(1, 1), *subtree(2, 2)]
    records += [
        record("know_me.mediaresource", "7", km_user="1", name="Dog", file=""),
        record("know_me.emergencyitem", 8, km_user=1, name="own", media_resource="7"),
        record("know_me.emergencyitem", 9, km_user=2, name="foreign", media_resource=7),
    ]
    await load(records)
    items = stores.database["km_emergency_items"].find({}).sort("id", 1)
    assert [row["media_resource"] for row in await items.to_list(None)] == [7, None]
    await assert_sound(stores)


async def test_the_ledger_tells_what_is_missing(stores: Stores) -> None:
    """References count until their row comes, whichever comes first; a label can be forgotten."""
    with open_ledger() as ledger:
        ledger.want([Want("b", 1, "a", "f", 3), Want("b", "1", "a", "f", 2), Want("b", 2, "c", "f", 1)])
        ledger.define("b", [1, 5])
        ledger.want([Want("b", 5, "a", "f", 4)])
        assert [[(want.key, want.place) for want in wants] for wants in ledger.dangling()] == [
            [(2, 1), ("1", 2)]
        ]
        ledger.forget("c")
        assert [want.key for wants in ledger.dangling() for want in wants] == ["1"]


async def test_ids_are_given_once(stores: Stores) -> None:
    """A free one is taken as it is, others come from above all that a file asks for."""
    await stores.database["km_profiles"].insert_one({"id": 3, "user_id": None, "km_user_id": 1})
    numbers = Numbers(stores.database, "km_profiles")
    numbers.see([3, 9, None, 2**60, -1])
    wanted = {"a": 3, "b": 4, "c": 4, "d": None, "e": 0, "f": 2**60, "g": 9}
    given = await numbers.assign(wanted)
    assert (given["b"], given["g"]) == (4, 9)
    assert sorted(given[name] for name in "acdef") == [10, 11, 12, 13, 14]


async def test_a_row_that_was_taken_is_never_left_out_again(stores: Stores) -> None:
    """What is remembered of rows: left out, then taken, by every label of Know Me."""
    mapping = ImportMap(stores.database)
    changes: list[UpdateOne] = [mapping.leave_out("x", 1), mapping.remember("x", 1, id=5, target=None)]
    await mapping.collection.bulk_write(changes)
    entry = (await mapping.entries("x", [1]))[1]
    assert (entry.left_out, entry.id) == (False, 5)
    plan = knowme.make_plan(stores)
    assert set(plan.known) == set(plan.loaders) == {each["model"] for each in whole_dump()}


def forward(people: int) -> Iterator[Row]:
    """Yield records of which each refers to one that comes much later."""
    for pk in range(people, 0, -1):
        yield record("know_me.listentry", pk, list_content=pk, text="x" * 100)
    for pk in range(people, 0, -1):
        yield from reversed(subtree(pk, pk)[:-1])
    for pk in range(people, 0, -1):
        yield address(pk, pk, f"p{pk}@example.com")
        yield account(pk, f"p{pk}@example.com", password="")


MEASURE = """
import resource, runpy, sys
try:
    sys.argv[0:1] = []
    runpy.run_module("scripts.import_dump", run_name="__main__", alter_sys=True)
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


async def peak(settings: Settings, path: Path) -> int:
    """Check a dump in a process of its own; return its highest memory in KiB."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", MEASURE, "import_dump", str(path), "--dry-run"),
        cwd=ROOT,
        env={**os.environ, **as_environment(settings)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert sum(json.loads(out)["imported"].values()) > 0
    return int(err.split()[-1])


async def test_memory_stays_flat(settings: Settings, stores: Stores, tmp_path: Path) -> None:
    """Sixty thousand records with forward references take no more than a few do."""
    few, many = tmp_path / "few.json", tmp_path / "many.json"
    for path, people in ((few, 100), (many, 7_500)):
        with path.open("w") as file:
            file.write("[")
            for number, row in enumerate(forward(people)):
                file.write(("," if number else "") + json.dumps(row))
            file.write("]")
    assert await peak(settings, many) - await peak(settings, few) < 40 * 1024


async def test_many_records_in_reverse_order_are_written(load: Load, stores: Stores) -> None:
    """More than a batch of each kind; nobody is lost."""
    people = 300
    outcome = await load(forward(people))
    assert set(outcome["imported"].values()) == {people}
    assert outcome["skipped"] == []
    last = await find_user(stores, email="p300@example.com")
    entry = await stores.database["km_list_entries"].find_one({"user_id": last["_id"]})
    assert entry is not None
    assert (last["id"], last["email_validated"], entry["id"], entry["item_id"]) == (300, True, 300, 300)
    await assert_sound(stores)
