"""Tokens that open the hub."""

from __future__ import annotations

import time
from typing import Any

import pytest

from handlers.core.gate import KIND
from realtime.codes import Disconnect, Refusal
from realtime.connection import Credentials
from tests.serving import Api, Served

PATH = "/connection/token"


def show(token: str) -> Credentials:
    return Credentials(token=token)


async def get_token(api: Api, member: dict[str, Any]) -> dict[str, Any]:
    answer = await api.post(PATH, Authorization=f"Flux {member['s']}")
    assert answer.status == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    token: dict[str, Any] = answer.json
    return token


async def test_a_members_secret_buys_a_token_for_ten_minutes(server: Served) -> None:
    member = await server.api.register("ann@example.com")
    bought = await get_token(server.api, member)
    assert bought["expires_at"] == pytest.approx(time.time() + 600, abs=5)
    claims = server.application.services.signer.read(KIND, bought["token"])
    identity = await server.application.gate.admit(show(bought["token"]))
    assert claims["sub"] == identity.user == str(member["id"])
    assert identity.expires_at == bought["expires_at"]


@pytest.mark.parametrize(
    "shown",
    ["", "Flux", "Flux wrong", "Basic YTpi", "Bearer x", "x", "Flux é", "Token " + "x" * 5000],
)
async def test_no_credential_or_a_bad_one_is_401(api: Api, shown: str) -> None:
    answer = await api.post(PATH, Authorization=shown)
    assert (answer.status, list(answer.json)) == (401, ["error"])


async def test_a_credential_in_the_query_or_a_body_does_not_count(api: Api) -> None:
    secret = (await api.register("ann@example.com"))["s"]
    assert (await api.post(f"{PATH}?s={secret}", {"s": secret})).status == 401


@pytest.mark.parametrize("shown", ["{}", "Bearer {}"])
async def test_a_token_buys_no_other_token(api: Api, shown: str) -> None:
    """Otherwise whoever has one keeps the hub open for ever."""
    token = (await get_token(api, await api.register("ann@example.com")))["token"]
    answer = await api.post(PATH, Authorization=shown.format(token))
    assert (answer.status, list(answer.json)) == (401, ["error"])


async def test_a_token_ends_with_the_generation_that_it_was_made_for(server: Served) -> None:
    member = await server.api.register("ann@example.com")
    token = (await get_token(server.api, member))["token"]
    await server.stores.database["users"].update_one({"id": member["id"]}, {"$inc": {"auth.generation": 1}})
    with pytest.raises(Disconnect):
        await server.application.gate.admit(show(token))


@pytest.mark.parametrize("subject", ["999999", "", "x", "-1", "9" * 30])
async def test_a_token_of_nobody_is_bad(server: Served, subject: str) -> None:
    token, _ = server.application.services.signer.sign(KIND, subject, 600, gen=0)
    with pytest.raises(Disconnect):
        await server.application.gate.admit(show(token))


async def test_an_expired_token_is_told_apart_from_a_bad_one(server: Served) -> None:
    token, _ = server.application.services.signer.sign(KIND, "1", -1)
    with pytest.raises(Refusal):
        await server.application.gate.admit(show(token))


@pytest.mark.parametrize("kind", ["access", "refresh", "flux_app"])
async def test_a_token_of_another_kind_opens_nothing(server: Served, kind: str) -> None:
    token, _ = server.application.services.signer.sign(kind, "1", 600, gen=0)
    with pytest.raises(Disconnect):
        await server.application.gate.admit(show(token))
    assert (await server.api.post(PATH, Authorization=token)).status == 401
