"""Showing and replacing secret keys."""

from __future__ import annotations

import pytest

from storage.stores import Stores
from tests.scripts.conftest import Script


async def enrol(stores: Stores, email: str) -> int:
    """Make an account; return its id."""
    made = await stores.accounts.register(email, {}, ip=None, mails=lambda _: ())
    return int(made.person["id"])


async def test_the_key_is_the_same_each_time(script: Script, stores: Stores) -> None:
    """The first run makes the key; case and blanks of the address do not matter."""
    number = await enrol(stores, "Ann@example.org")
    ran = await script("comics_key", "--email", " ann@EXAMPLE.org ")
    assert ran.code == 0, ran.err
    key = await stores.secret_keys.of(number)
    assert ran.json == {"id": number, "email": "Ann@example.org", "secret_key": key}
    assert (await script("comics_key", "--email", "Ann@example.org")).json == ran.json


async def test_a_rotated_key_takes_the_place_of_the_old_one(script: Script, stores: Stores) -> None:
    number = await enrol(stores, "ann@example.org")
    former = await stores.secret_keys.of(number)
    ran = await script("comics_key", "--email", "ann@example.org", "--rotate")
    assert (ran.code, ran.json["id"]) == (0, number)
    assert await stores.secret_keys.of(number) == ran.json["secret_key"] != former
    assert await stores.secret_keys.holder(former) is None


async def test_an_unknown_address_ends_with_1(script: Script, stores: Stores) -> None:
    """So does that of a deactivated account."""
    await enrol(stores, "ann@example.org")
    await stores.database["users"].update_one({}, {"$set": {"is_active": False}})
    for email in ("nobody@example.org", "ann@example.org"):
        ran = await script("comics_key", "--email", email)
        assert (ran.code, ran.out) == (1, "")
        assert email in ran.err


@pytest.mark.parametrize("arguments", [(), ("--rotate",), ("--email",)])
async def test_without_an_address_the_usage_is_wrong(script: Script, arguments: tuple[str, ...]) -> None:
    ran = await script("comics_key", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "--email" in ran.err


async def test_help_has_an_example(script: Script) -> None:
    ran = await script("comics_key", "--help")
    assert ran.code == 0
    assert "python -m scripts.comics_key --email" in ran.out
