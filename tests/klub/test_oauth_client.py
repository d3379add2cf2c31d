"""A partner's server with a stock OAuth2 client: it gets a token by itself, and uses it."""

from __future__ import annotations

import pytest
from authlib.integrations.base_client import OAuthError  # type: ignore[import-untyped]
from authlib.integrations.httpx_client import AsyncOAuth2Client  # type: ignore[import-untyped]

from storage.klub.oauth import NewClient
from tests.klub.town import Town
from tests.serving import Served

SCOPES = ("read", "write", "can_create_profiles", "can_check_if_exist")
WAYS = ("client_secret_basic", "client_secret_post")


@pytest.fixture
async def partner(server: Served) -> NewClient:
    return await server.stores.oauth.add_client("Partner", SCOPES)


@pytest.mark.parametrize("way", WAYS)
async def test_a_partner_gets_and_uses_a_token(
    server: Served, town: Town, partner: NewClient, way: str
) -> None:
    url = server.url
    async with AsyncOAuth2Client(
        partner.client_id, partner.client_secret, token_endpoint_auth_method=way
    ) as client:
        token = await client.fetch_token(f"{url}/api/o/token/", grant_type="client_credentials")
        assert (token["token_type"], token["expires_in"], token["scope"]) == (
            "Bearer",
            86400,
            " ".join(SCOPES),
        )
        checked = await client.get(f"{url}/api/check_event/obecne/")
        assert (checked.status_code, checked.json()) == (200, {"slug": "obecne"})
        body = {"email": "donor@example.com", "first_name": "Don", "last_name": "Or", "event": "obecne"}
        told = {**body, "money_account": "bank", "amount": 100, "regular": True}
        made = await client.post(f"{url}/api/userprofile/vs/", json=told)
        assert (made.status_code, made.json()) == (200, {"VS": "0000000001"})
        denied = await client.post(f"{url}/api/interaction/", json={})
        assert denied.status_code == 403
        await client.revoke_token(f"{url}/api/o/revoke_token/", token=token["access_token"])
        ended = await client.get(f"{url}/api/check_event/obecne/")
        assert (ended.status_code, ended.json()["code"]) == (403, "token_not_valid")


async def test_a_narrower_token_can_do_less(server: Served, town: Town, partner: NewClient) -> None:
    async with AsyncOAuth2Client(
        partner.client_id, partner.client_secret, scope="read can_check_if_exist"
    ) as client:
        await client.fetch_token(f"{server.url}/api/o/token/", grant_type="client_credentials")
        assert (await client.get(f"{server.url}/api/check_event/obecne/")).status_code == 200
        assert (await client.post(f"{server.url}/api/userprofile/vs/", json={})).status_code == 403


@pytest.mark.parametrize(
    ("secret", "scope", "error"), [("wrong", None, "invalid_client"), (None, "can_fly", "invalid_scope")]
)
async def test_the_client_understands_refusals(
    server: Served, partner: NewClient, secret: str | None, scope: str | None, error: str
) -> None:
    async with AsyncOAuth2Client(partner.client_id, secret or partner.client_secret, scope=scope) as client:
        with pytest.raises(OAuthError, match=error):
            await client.fetch_token(f"{server.url}/api/o/token/", grant_type="client_credentials")
