"""Registering partners' apps."""

from __future__ import annotations

import pytest

from storage.stores import Stores
from tests.scripts.conftest import Script

NAME = ("--name", "City map")


@pytest.mark.parametrize(
    ("arguments", "scopes"),
    [((), ("read", "write")), (("--scope", "read can_view_events"), ("read", "can_view_events"))],
)
async def test_an_app_is_registered(
    script: Script, stores: Stores, arguments: tuple[str, ...], scopes: tuple[str, ...]
) -> None:
    """The scopes are the complete list; the secret is shown once."""
    ran = await script("create_oauth_client", *NAME, *arguments)
    assert ran.code == 0, ran.err
    assert set(ran.json) == {"client_id", "client_secret"}
    client = await stores.oauth.client(ran.json["client_id"])
    assert client is not None
    assert (client.name, client.scopes) == ("City map", scopes)
    assert client.fits(ran.json["client_secret"])
    assert not client.fits(ran.json["client_secret"] + "x")


@pytest.mark.parametrize(
    "arguments", [(*NAME, "--scope", "read everything"), (*NAME, "--scope", " "), ("--name", " "), ()]
)
async def test_wrong_usage_registers_nothing(
    script: Script, stores: Stores, arguments: tuple[str, ...]
) -> None:
    """An unknown scope, no name."""
    ran = await script("create_oauth_client", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert await stores.database["oauth_clients"].find_one({}) is None
