"""Layer's seat: nonces, identity tokens, and sessions at the hub."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from handlers.core.layer import LayerSeat
from realtime.codes import Disconnect, Refusal
from realtime.connection import Credentials
from settings import Settings
from tests.knowme.client import App
from tests.serving import Answer, Api, Served

ISSUER = "layer:///providers/1"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    path = tmp_path / "layer.pem"
    path.write_bytes(PEM)
    names = {"layer_key_id": "layer:///keys/1", "layer_provider_id": ISSUER}
    return settings.model_copy(update={"layer_rsa_key_file_path": path, **names})


@pytest.fixture
async def ann(server: Served) -> App:
    return await App.sign_up(server.api, server.stores, "ann@example.com")


async def get_nonce(api: Api) -> str:
    answer = await api.post("/nonces")
    assert (answer.status, list(answer.json)) == (201, ["nonce"])
    return str(answer.json["nonce"])


async def get_identity(app: App) -> str:
    """Have a fresh nonce signed."""
    answer = await app.post("/auth/layer/", {"nonce": await get_nonce(app.api)})
    assert answer.status == 201, answer.text
    return str(answer.json["identity_token"])


async def enter(api: Api, token: Any) -> Answer:
    return await api.post("/sessions", {"identity_token": token, "app_id": "layer:///apps/1"})


def forge(claims: Mapping[str, Any], key: Any = KEY) -> str:
    """Sign claims as the server would."""
    now = int(time.time())
    usual = {"iss": ISSUER, "prn": "1", "iat": now, "exp": now + 300, "nce": "n"}
    return jwt.encode({**usual, **claims}, key, algorithm="RS256")


def assert_asks_for_authentication(answer: Answer) -> None:
    assert (answer.status, answer.json["id"]) == (401, "authentication_required")
    assert set(answer.json) == {"id", "data"}
    assert answer.json["data"]["nonce"]


async def test_a_signed_nonce_opens_a_session_that_opens_the_hub(server: Served, ann: App) -> None:
    answer = await enter(server.api, await get_identity(ann))
    assert (answer.status, list(answer.json)) == (201, ["session_token"])
    who = await server.application.gate.admit(Credentials(token=answer.json["session_token"]))
    assert who.user == str(ann.number)


async def test_a_nonce_is_good_once_at_either_door(server: Served, ann: App) -> None:
    used_here, used_there = await get_identity(ann), await get_identity(ann)
    assert (await enter(server.api, used_here)).status == 201
    who = await server.application.gate.admit(Credentials(token=used_there))
    assert who.user == str(ann.number)
    assert who.expires_at == pytest.approx(time.time() + 300, abs=5)
    for token in (used_here, used_there):
        assert_asks_for_authentication(await enter(server.api, token))
        with pytest.raises(Disconnect):
            await server.application.gate.admit(Credentials(token=token))


async def test_of_many_uses_at_once_one_succeeds(server: Served, ann: App) -> None:
    token = await get_identity(ann)
    answers = await asyncio.gather(*(enter(server.api, token) for _ in range(10)))
    assert sorted(answer.status for answer in answers) == [201] + [401] * 9


async def test_a_refusal_comes_with_a_nonce_that_works(server: Served, ann: App) -> None:
    nonce = (await enter(server.api, "nonsense")).json["data"]["nonce"]
    signed = (await ann.post("/auth/layer/", {"nonce": nonce})).json["identity_token"]
    assert (await enter(server.api, signed)).status == 201


async def test_a_nonce_that_was_never_given_out_is_signed_but_opens_nothing(server: Served, ann: App) -> None:
    answer = await ann.post("/auth/layer/", {"nonce": "my own"})
    assert answer.status == 201
    assert_asks_for_authentication(await enter(server.api, answer.json["identity_token"]))


async def test_a_nonce_ends_after_ten_minutes(server: Served, ann: App) -> None:
    token = await get_identity(ann)
    server.stores.nonces._clock = lambda: time.time() + 601
    assert_asks_for_authentication(await enter(server.api, token))


async def test_what_is_no_identity_token_opens_no_session(server: Served, ann: App) -> None:
    session = (await enter(server.api, await get_identity(ann))).json["session_token"]
    for bad in (None, 5, "", "x", ann.token, f"Token {ann.token}", session):
        assert_asks_for_authentication(await enter(server.api, bad))
    assert (await server.api.call("POST", "/sessions", b"{")).status == 400
    assert (await server.api.call("POST", "/sessions", b"[]")).status == 400


async def test_tokens_that_this_server_did_not_sign_are_bad(server: Served, ann: App) -> None:
    nonce = await get_nonce(server.api)
    await ann.post("/auth/layer/", {"nonce": nonce})
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    good = {"prn": str(ann.number), "nce": nonce}
    bad = (
        forge(good, stranger),
        forge({**good, "iss": "layer:///providers/2"}),
        forge({**good, "prn": ann.number}),
        forge({**good, "prn": "999999"}),
        forge({**good, "prn": "9" * 40}),
        forge({**good, "nce": 5}),
        forge({**good, "exp": "soon"}),
        jwt.encode({**good, "iss": ISSUER}, PEM[:64], algorithm="HS256"),
    )
    for token in bad:
        assert_asks_for_authentication(await enter(server.api, token))
        with pytest.raises(Disconnect):
            await server.application.gate.admit(Credentials(token=token))


async def test_an_expired_identity_token_is_told_apart_at_the_hub(server: Served, ann: App) -> None:
    expired = forge({"prn": str(ann.number), "exp": int(time.time()) - 1})
    with pytest.raises(Refusal) as caught:
        await server.application.gate.admit(Credentials(token=expired))
    assert caught.value.code == 109
    assert_asks_for_authentication(await enter(server.api, expired))


async def test_a_token_signed_before_a_revocation_is_bad(server: Served, ann: App) -> None:
    token = await get_identity(ann)
    end = server.stores.revocations.end
    await server.stores.database.transaction(lambda session: end(ann.oid, None, session))
    assert_asks_for_authentication(await enter(server.api, token))


async def test_a_key_file_that_changes_is_read_again(server: Served, settings: Settings) -> None:
    seat = LayerSeat(settings, server.stores)
    first, _ = seat.sign(1, "n")
    another = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pkcs1 = another.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    settings.layer_rsa_key_file_path.write_bytes(pkcs1)
    second, _ = seat.sign(1, "n")
    options: Any = {"verify_aud": False}
    assert jwt.decode(second, another.public_key(), ["RS256"], options)["nce"] == "n"
    assert jwt.decode(first, KEY.public_key(), ["RS256"], options)["nce"] == "n"
