"""Registering with a phone number that was proven before."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from pydantic import SecretStr

from settings import Settings
from storage.database import Database
from storage.driver import Document, ObjectId, Session
from storage.phones import Phones
from storage.stores import Stores
from tests.flux.callers import Clock
from tests.flux.texting import NONCE, NUMBER, Gateway, commit, prove
from tests.serving import Answer, Api


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    gateway = Gateway()
    yield gateway
    gateway.server.stop()
    await gateway.server.close_all_connections()


@pytest.fixture
def settings(settings: Settings, gateway: Gateway) -> Settings:
    """Give settings that lead to the gateway."""
    return settings.model_copy(update={"sms_url": SecretStr(gateway.url)})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def stores(stores: Stores, clock: Clock) -> Stores:
    """Give the stores, with a time that can be moved on."""
    stores.phones = Phones(stores.database, clock)
    return stores


async def register(api: Api, email: str = "ann@example.com", **fields: Any) -> Answer:
    body = {"email": email, "contact_number": "0412 345 678", "phone_verify_nonce": NONCE, **fields}
    return await api.post("/api/v0/register/initial_email", body)


async def test_a_proven_number_is_verified_once(api: Api, gateway: Gateway, database: Database) -> None:
    await prove(api, gateway)
    answer = await register(api)
    assert answer.status == 200
    assert answer.json["phone_verified"] is True
    assert answer.json["contact_number"] == "0412 345 678"
    assert "phone_verify_nonce" not in answer.json
    stored = await database["sms_verifications"].find_one({"phone_number": NUMBER})
    assert stored is not None
    assert str(stored["used_by"]) == answer.json["_id"]["$oid"]
    assert (await register(api, "bea@example.com")).status == 400


async def test_all_at_once_takes_the_nonce_too(api: Api, gateway: Gateway) -> None:
    await prove(api, gateway)
    body = {"email": "a@example.com", "name": "Ann", "contact_number": NUMBER, "phone_verify_nonce": NONCE}
    answer = await api.post("/register/all_at_once", body)
    assert answer.json["phone_verified"] is True


async def test_without_a_nonce_nothing_is_verified(api: Api, gateway: Gateway) -> None:
    await prove(api, gateway)
    member = await api.register("a@example.com", contact_number=NUMBER, phone_verified=True)
    assert member["phone_verified"] is False
    assert (await register(api)).json["phone_verified"] is True


@pytest.mark.parametrize(
    "fields",
    [
        {"phone_verify_nonce": "another-nonce"},
        {"phone_verify_nonce": ""},
        {"phone_verify_nonce": None},
        {"phone_verify_nonce": 5},
        {"phone_verify_nonce": {"$ne": ""}},
        {"contact_number": "0498765432"},
        {"contact_number": ""},
        {"contact_number": "1"},
    ],
    ids=str,
)
async def test_a_nonce_that_does_not_hold_makes_nobody(
    api: Api, gateway: Gateway, database: Database, fields: dict[str, Any]
) -> None:
    await prove(api, gateway)
    answer = await register(api, **fields)
    assert answer.status == 400
    assert answer.json["error_args"][0].startswith("phone_verify_nonce: ")
    for name in ("users", "email_addresses", "email_validation", "notify_queue", "jobs"):
        assert await database[name].count_documents({}) == 0
    assert (await register(api)).status == 200


async def test_a_code_that_was_only_sent_proves_nothing(api: Api) -> None:
    await commit(api)
    assert (await register(api)).status == 400


async def test_a_proof_runs_out(api: Api, gateway: Gateway, clock: Clock) -> None:
    await prove(api, gateway)
    clock.ahead += 3601
    assert (await register(api)).status == 400
    await prove(api, gateway)
    clock.ahead += 3590
    assert (await register(api)).status == 200


async def test_a_refused_registration_leaves_the_proof(api: Api, gateway: Gateway) -> None:
    await api.register("ann@example.com")
    await prove(api, gateway)
    assert (await register(api)).status == 409
    assert (await register(api, "bea@example.com")).json["phone_verified"] is True


async def test_of_parallel_registrations_one_uses_the_proof(
    api: Api, gateway: Gateway, database: Database
) -> None:
    await prove(api, gateway)
    answers = await asyncio.gather(*(register(api, f"m{n}@example.com") for n in range(12)))
    assert Counter(answer.status for answer in answers) == {200: 1, 400: 11}
    assert await database["users"].count_documents({}) == 1
    assert await database["email_addresses"].count_documents({}) == 1


class CarelessClaims(Phones):
    """Looks first and marks then, outside the transaction: the protection switched off."""

    async def claim(
        self, number: str, nonce: str, lifetime: int, user: ObjectId, session: Session | None
    ) -> None:
        proof: Document = {"phone_number": number, "verify_nonce": nonce, "used_by": None}
        row = await self._verifications.find_one(proof)
        assert row is not None
        await self._verifications.update_one({"_id": row["_id"]}, {"$set": {"used_by": user}})


async def test_without_the_one_step_several_would(stores: Stores, database: Database) -> None:
    phones = CarelessClaims(database)
    await phones.verify(NUMBER, await phones.expect(NUMBER, 60), NONCE, 5)
    claim = partial(phones.claim, NUMBER, NONCE, 3600)
    made = await asyncio.gather(
        *(
            stores.accounts.register(f"m{n}@example.com", {}, ip=None, mails=lambda _: (), claim=claim)
            for n in range(12)
        ),
        return_exceptions=True,
    )
    assert sum(not isinstance(each, BaseException) for each in made) > 1
