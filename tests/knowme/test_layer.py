"""`POST /auth/layer/`: signed nonces, and their push to the account's own channel."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from realtime.codes import Disconnect
from realtime.connection import Credentials
from settings import Settings
from tests.knowme.client import App
from tests.serving import Served

PATH = "/auth/layer/"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def settings(settings: Settings, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    path = tmp_path / "layer.pem"
    path.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    usual = {
        "layer_rsa_key_file_path": path,
        "layer_key_id": "layer:///keys/1",
        "layer_provider_id": "layer:///providers/1",
    }
    given = settings.model_fields_set & usual.keys()
    changes = {name: value for name, value in usual.items() if name not in given}
    return settings.model_copy(update=changes)


async def pushed(server: Served, app: App) -> list[dict[str, Any]]:
    """Read what the account's channel says."""
    found = await server.stores.outbox.read(f"identity#{app.number}")
    return [dict(each.data) for each in found.messages]


async def test_the_token_says_what_layer_wanted_to_know(server: Served, ann: App) -> None:
    answer = await ann.post(PATH, {"nonce": " once "})
    assert (answer.status, list(answer.json)) == (201, ["identity_token"])
    assert "Location" not in answer.headers
    token = answer.json["identity_token"]
    assert jwt.get_unverified_header(token) == {
        "typ": "JWT",
        "alg": "RS256",
        "cty": "layer-eit;v=1",
        "kid": "layer:///keys/1",
    }
    claims = jwt.decode(token, KEY.public_key(), algorithms=["RS256"])
    issued = claims.pop("iat")
    assert issued == pytest.approx(time.time(), abs=5)
    assert claims == {
        "iss": "layer:///providers/1",
        "prn": str(ann.number),
        "exp": issued + 300,
        "nce": "once",
    }
    assert await pushed(server, ann) == [
        {"type": "identity_token", "identity_token": token, "nonce": "once", "expires_at": issued + 300}
    ]


@pytest.mark.settings(layer_identity_expiration=7)
async def test_its_life_is_a_setting(ann: App) -> None:
    token = (await ann.post(PATH, {"nonce": "n"})).json["identity_token"]
    claims = jwt.decode(token, KEY.public_key(), algorithms=["RS256"])
    assert claims["exp"] - claims["iat"] == 7


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "This field is required."),
        ({"nonce": None}, "This field may not be null."),
        ({"nonce": "  "}, "This field may not be blank."),
        ({"nonce": ["n"]}, "Not a valid string."),
    ],
)
async def test_without_a_nonce_nothing_is_signed_or_pushed(
    server: Served, ann: App, body: dict[str, Any], reason: str
) -> None:
    answer = await ann.post(PATH, body)
    assert (answer.status, answer.json) == (400, {"nonce": [reason]})
    assert await pushed(server, ann) == []


async def test_nobody_is_signed_for_nobody(server: Served, ann: App) -> None:
    anonymous = await server.api.post(PATH, {"nonce": "n"})
    assert anonymous.json == {"detail": "Authentication credentials were not provided."}
    bad = await server.api.post(PATH, {"nonce": "n"}, Authorization="Token nonsense")
    assert (anonymous.status, bad.status, bad.json) == (403, 403, {"detail": "Invalid token."})
    assert (await ann.get(PATH)).status == 405


async def assert_not_configured(server: Served, ann: App) -> None:
    answer = await ann.post(PATH, {"nonce": "n"})
    assert (answer.status, answer.json) == (503, {"detail": "Layer is not configured."})
    assert await pushed(server, ann) == []


@pytest.mark.settings(layer_rsa_key_file_path="/nonexistent/key.pem")
async def test_without_a_key_file_layer_is_not_configured(server: Served, ann: App) -> None:
    await assert_not_configured(server, ann)


@pytest.mark.settings(layer_key_id=None)
async def test_without_a_key_id_layer_is_not_configured(server: Served, ann: App) -> None:
    await assert_not_configured(server, ann)


@pytest.mark.settings(layer_provider_id=None)
async def test_without_a_provider_layer_is_not_configured(server: Served, ann: App) -> None:
    await assert_not_configured(server, ann)


async def test_a_damaged_key_file_is_like_none_and_is_told_in_the_log(
    server: Served, ann: App, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.layer_rsa_key_file_path.write_text("no key")
    await assert_not_configured(server, ann)
    assert "is no usable PEM key" in caplog.text


# The hub


async def test_an_apps_token_opens_the_hub(server: Served, ann: App) -> None:
    gate = server.application.gate
    for shown in (Credentials(token=f"Token {ann.token}"), Credentials(authorization=f"token {ann.token}")):
        assert (await gate.admit(shown)).user == str(ann.number)
    for bad in ("Token nonsense", "Token " + "x" * 300, "Token x y"):
        with pytest.raises(Disconnect):
            await gate.admit(Credentials(token=bad))


async def test_an_apps_token_buys_a_connection_token(server: Served, ann: App) -> None:
    answer = await ann.post("/connection/token")
    who = await server.application.gate.admit(Credentials(token=answer.json["token"]))
    assert who.user == str(ann.number)
    assert ann.token not in who.credential
