"""Making superusers."""

from __future__ import annotations

import asyncio
from typing import Any

import bcrypt
import pytest

from storage.accounts import Registered
from storage.database import Database
from storage.stores import Stores
from tests.scripts.conftest import Script


async def user(stores: Stores, number: int) -> dict[str, Any]:
    """Read the account with an id."""
    found = await stores.database["users"].find_one({"id": number})
    assert found is not None
    return found


async def register(stores: Stores, email: str) -> Registered:
    """Sign somebody up, without proof of the mailbox."""
    return await stores.accounts.register(email, {"fname": "Ann"}, ip=None, mails=lambda _: ())


async def test_a_new_superuser_is_whole(script: Script, stores: Stores) -> None:
    """A new address becomes an account with names, password, proven address and token."""
    ran = await script("create_admin", "--email", " Boss@Example.org ", "--password", " secret words ")
    assert ran.code == 0, ran.err
    assert ran.json.keys() == {"id", "email", "token"}
    person = await user(stores, ran.json["id"])
    assert (person["fname"], person["sname"], person["name"]) == ("Admin", "User", "Admin User")
    assert person["set_password"] is True
    assert person["email_validated"] is True
    assert person["auth"]["superuser"] is True
    assert "unproven" not in person["auth"]
    assert bcrypt.checkpw(b"secret words", person["password"].encode())
    row = await stores.database["email_addresses"].find_one({"email_lower": "boss@example.org"})
    assert row is not None
    assert (row["email"], row["primary"], row["verified"]) == ("Boss@Example.org", True, True)
    token = await stores.database["auth_tokens"].find_one({"user_id": person["_id"]})
    assert token is not None
    assert token["key"] == ran.json["token"]
    assert len(token["key"]) == 40


async def test_the_settings_are_the_defaults(script: Script, stores: Stores) -> None:
    """ADMIN_EMAIL and ADMIN_PASSWORD stand in for the flags."""
    ran = await script("create_admin", ADMIN_EMAIL="boss@example.org", ADMIN_PASSWORD="secret")
    assert (ran.code, ran.json["email"]) == (0, "boss@example.org")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--email", "a@example.org"),
        ("--password", "x"),
        ("--email", "a@example.org", "--password", "  "),
        ("--email", "nonsense", "--password", "x"),
    ],
)
async def test_what_is_missing_or_wrong_is_told(
    script: Script, stores: Stores, arguments: tuple[str, ...]
) -> None:
    """Without an address or a password nothing is made and the exit code is 2."""
    ran = await script("create_admin", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "--email" in ran.err or "--password" in ran.err
    assert await stores.database["users"].find_one({}) is None


async def test_the_same_again_changes_nothing(script: Script, stores: Stores) -> None:
    """A second run with the same password leaves hash, secret and generation alone."""
    arguments = ("--email", "boss@example.org", "--password", "secret")
    first = await script("create_admin", *arguments)
    before = await user(stores, first.json["id"])
    second = await script("create_admin", *arguments)
    assert second.json == first.json
    assert await user(stores, first.json["id"]) == before


async def test_another_password_ends_what_the_old_one_opened(script: Script, stores: Stores) -> None:
    """A changed password raises the generation; secret and token stay."""
    first = await script("create_admin", "--email", "boss@example.org", "--password", "old")
    before = await user(stores, first.json["id"])
    second = await script("create_admin", "--email", "BOSS@example.org", "--password", "new")
    after = await user(stores, first.json["id"])
    assert second.json == first.json
    assert bcrypt.checkpw(b"new", after["password"].encode())
    assert after["auth"]["generation"] == before["auth"]["generation"] + 1
    assert after["s"] == before["s"]


async def test_an_unproven_account_gets_a_new_secret(script: Script, stores: Stores) -> None:
    """Whoever registered an address without proof does not become admin with it."""
    made = await register(stores, "boss@example.org")
    ran = await script("create_admin", "--email", "boss@example.org", "--password", "secret")
    after = await user(stores, ran.json["id"])
    assert after["_id"] == made.person["_id"]
    assert after["fname"] == "Ann"
    assert after["s"] != made.person["s"]
    assert "unproven" not in after["auth"]
    assert after["email_validated"] is True
    assert await stores.accounts.by_secret(made.person["s"]) is None
    waiting = await stores.database["notify_queue"].find_one({})
    assert waiting is not None
    assert waiting["s"] == after["s"]


async def test_a_proven_account_keeps_its_secret(script: Script, stores: Stores) -> None:
    """The secret of a proven mailbox's owner stays good."""
    made = await register(stores, "boss@example.org")
    await stores.accounts.prove(made.token)
    ran = await script("create_admin", "--email", "boss@example.org", "--password", "secret")
    assert (await user(stores, ran.json["id"]))["s"] == made.person["s"]


async def test_a_further_address_leads_to_its_account(script: Script, stores: Stores) -> None:
    """Any address of an account will do; that one is verified, the primary one stays as it was."""
    made = await register(stores, "ann@example.org")
    further = {"id": 900, "user_id": made.person["_id"], "email": "b@example.org", "primary": False}
    rows = stores.database["email_addresses"]
    await rows.insert_one({**further, "email_lower": "b@example.org", "verified": False})
    ran = await script("create_admin", "--email", "b@example.org", "--password", "secret")
    assert (ran.json["id"], ran.json["email"]) == (made.person["id"], "ann@example.org")
    verified = {row["email"]: row["verified"] async for row in rows.find({})}
    assert verified == {"ann@example.org": False, "b@example.org": True}
    assert (await user(stores, made.person["id"]))["email_validated"] is False


async def test_two_at_once_make_one_account(script: Script, stores: Stores, database: Database) -> None:
    """Of two runs for a new address one makes the account and the other one finds it."""
    arguments = ("create_admin", "--email", "boss@example.org", "--password", "secret")
    one, other = await asyncio.gather(script(*arguments), script(*arguments))
    assert (one.code, other.code) == (0, 0), one.err + other.err
    assert one.json == other.json
    assert await database["users"].count_documents({}) == 1
