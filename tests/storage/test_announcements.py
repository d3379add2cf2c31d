"""What people are told about their own accounts, wherever it happened."""

from __future__ import annotations

import pytest

from storage.driver import ObjectId
from storage.errors import NotFound
from storage.jobs import NewJob
from storage.stores import Stores

HASH = "$2b$04$nothing.that.fits"


async def told(stores: Stores, oid: ObjectId) -> list[str]:
    """Return the types of what a person was told."""
    person = await stores.accounts.document(oid)
    found = await stores.outbox.read(f"identity#{person['id']}")
    assert all(set(each.data) == {"type", "at"} for each in found.messages)
    return [each.data["type"] for each in found.messages]


async def register(stores: Stores) -> tuple[ObjectId, str]:
    """Sign up; return the account and the token that proves its address."""
    made = await stores.accounts.register("ann@example.com", {}, ip=None, mails=lambda _: ())
    return made.person["_id"], made.token


async def test_a_proof_is_told_once(stores: Stores) -> None:
    oid, token = await register(stores)
    for _ in range(3):
        await stores.accounts.prove(token)
    assert await told(stores, oid) == ["email_verified"]


async def test_a_mailed_link_tells_of_the_sign_in_and_of_the_proof(stores: Stores) -> None:
    oid, _ = await register(stores)
    for _ in range(2):
        tokens: list[str] = []

        def mail(token: str, into: list[str] = tokens) -> NewJob:
            into.append(token)
            return NewJob("mail", {})

        await stores.magic_links.send("ann@example.com", 60, mail)
        await stores.magic_links.redeem(tokens[-1])
    assert await told(stores, oid) == ["email_verified", "new_login", "new_login"]


async def test_a_link_that_is_not_good_tells_nothing(stores: Stores) -> None:
    oid, _ = await register(stores)
    with pytest.raises(NotFound):
        await stores.magic_links.redeem("nonsense")
    assert await told(stores, oid) == []


async def test_a_sign_in_by_password_is_told(stores: Stores) -> None:
    oid, _ = await register(stores)
    await stores.database["users"].update_one({"_id": oid}, {"$set": {"password": HASH}})
    await stores.signin.enter(oid, HASH)
    assert await told(stores, oid) == ["new_login"]
