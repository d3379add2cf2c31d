"""Importing people: new ones, known ones, and what must not come back."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.session import Failure
from storage.driver import ObjectId
from storage.stores import Stores
from tests.scripts.dumps import (
    ANN,
    BEN,
    CAT,
    COMMUNITY,
    SECRET,
    Load,
    Row,
    address_of,
    assert_sound,
    find_user,
    loader,
    oid,
    user,
)


@pytest.fixture
def load(stores: Stores, tmp_path: Path) -> Load:
    return loader(stores, tmp_path)


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
    assert ann["auth"]["joined"] is True
    assert ann["email_validated"] is (await address_of(stores, "ann@example.org"))["verified"] is True
    await load("votes", {"_id": 1, "poll_id": 1, "user_id": oid(ANN), "option_id": "105"})
    await load("roles", {"_id": 1, "role": "finance", "uids": [oid(ANN)]})
    assert await stores.roles.held_by(known["_id"]) == ("finance",)
    assert (await stores.polls.tally(1)).total == 1
    await assert_sound(stores)


async def test_an_account_without_a_password_takes_the_dumps(load: Load, stores: Stores) -> None:
    """A hash that can match fills the gap; the owner's address stays the primary one."""
    made = await stores.accounts.register("first@example.org", {}, ip=None, mails=lambda _: ())
    further = await stores.addresses.prepare("ann@example.org", made.person["_id"])
    await stores.database["email_addresses"].insert_one({**further, "primary": False})
    await load("users", user(ANN, "ann@example.org", password="$2b$04$theirs", email_validated=True))
    ann = await find_user(stores)
    assert (ann["password"], ann["set_password"]) == ("$2b$04$theirs", True)
    assert (ann["email"], ann["email_validated"]) == ("first@example.org", False)
    row = await address_of(stores, "ann@example.org")
    assert (row["primary"], row["verified"]) == (False, True)
    await load("email_validation", {"_id": 1, "user_id": oid(ANN), "validation_token": "v" * 40})
    await stores.accounts.prove("v" * 40)
    assert (await find_user(stores))["email_validated"] is False
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
