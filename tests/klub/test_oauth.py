"""Tokens of partners' apps."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

import pytest

from storage.klub.oauth import NewClient
from tests.klub.callers import Someone, bearer
from tests.serving import Answer, Api, Served

PATH = "/api/o/token/"
GRANT = {"grant_type": "client_credentials"}
SCOPES = ("read", "write", "can_view_events")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def client(server: Served) -> NewClient:
    return await server.stores.oauth.add_client("Partner", SCOPES)


def keys(client: NewClient) -> dict[str, str]:
    return {"client_id": client.client_id, "client_secret": client.client_secret}


def basic(client: NewClient) -> dict[str, str]:
    pair = f"{client.client_id}:{client.client_secret}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


async def ask(api: Api, **fields: Any) -> Answer:
    return await api.post(PATH, fields, Content_Type="application/json")


def assert_confidential(answer: Answer) -> None:
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
    assert answer.headers["Content-Type"] == "application/json"


async def test_an_app_gets_a_token_by_json_form_or_basic(api: Api, client: NewClient) -> None:
    """Each call makes a new one; older ones stay valid."""
    form = urlencode({**GRANT, **keys(client)}).encode()
    answers = [
        await ask(api, **GRANT, **keys(client)),
        await api.call("POST", PATH, form, FORM),
        await api.call("POST", PATH, urlencode(GRANT).encode(), {**FORM, **basic(client)}),
        await ask(api, **GRANT, **keys(client), scope=""),
    ]
    for answer in answers:
        assert answer.status == 200, answer.text
        assert_confidential(answer)
        assert set(answer.json) == {"access_token", "expires_in", "token_type", "scope"}
        assert (answer.json["expires_in"], answer.json["token_type"]) == (86_400, "Bearer")
        assert answer.json["scope"] == "read write can_view_events"
    tokens = {answer.json["access_token"] for answer in answers}
    assert len(tokens) == len(answers)
    for token in tokens:
        answer = await api.get("/api/frontend/whoami", **bearer(token))
        assert answer.json == {"detail": "You do not have permission to perform this action."}


async def test_an_app_may_ask_for_fewer_scopes_than_it_has(
    api: Api, client: NewClient, server: Served
) -> None:
    """The token is good for those alone."""
    answer = await ask(api, **GRANT, **keys(client), scope=" read   can_view_events ")
    assert answer.json["scope"] == "read can_view_events"
    app = await server.stores.oauth.app(answer.json["access_token"])
    assert app is not None
    assert app.scopes == {"read", "can_view_events"}


@pytest.mark.parametrize(
    "scope",
    ["can_create_profiles", "read can_create_profiles", "unknown", "READ", "\0", "é \n x", "read,write"],
)
async def test_a_foreign_or_unknown_scope_is_refused(api: Api, client: NewClient, scope: str) -> None:
    """A client never gets more than it was given."""
    answer = await ask(api, **GRANT, **keys(client), scope=scope)
    assert (answer.status, answer.json["error"]) == (400, "invalid_scope")
    assert_confidential(answer)


async def test_a_client_that_does_not_prove_itself_is_refused(api: Api, client: NewClient) -> None:
    """Wrong secret, unknown, missing."""
    wrong = [
        {**keys(client), "client_secret": "x"},
        {**keys(client), "client_id": "x"},
        {},
        {"client_id": client.client_id},
    ]
    for sent in wrong:
        answer = await ask(api, **GRANT, **sent)
        assert (answer.status, answer.json) == (401, {"error": "invalid_client"})
        assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_client"'
        assert_confidential(answer)
    for header in ("Basic", "Basic !", "Basic eA==", "Basic eDp5"):
        answer = await api.post(PATH, GRANT, Content_Type="application/json", Authorization=header)
        assert answer.status == 401


@pytest.mark.parametrize("kind", ["password", "refresh_token", "authorization_code", "", "implicit", None])
async def test_other_grants_are_not_offered(api: Api, client: NewClient, kind: str | None) -> None:
    """Whoever asks: it comes before the client."""
    for sent in ({}, keys(client)):
        fields = {**sent, "grant_type": kind} if kind is not None else sent
        answer = await ask(api, **fields)
        assert (answer.status, answer.json) == (400, {"error": "unsupported_grant_type"})
        assert_confidential(answer)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"[]"),
        ("application/json", b""),
        ("text/plain", b"grant_type=client_credentials"),
        ("multipart/form-data", b"x"),
    ],
)
async def test_what_can_not_be_read_names_no_grant(api: Api, content_type: str, body: bytes) -> None:
    """It is told as a grant that isn't offered."""
    answer = await api.call("POST", PATH, body, {"Content-Type": content_type})
    assert (answer.status, answer.json) == (400, {"error": "unsupported_grant_type"})


@pytest.mark.parametrize("name", ["client_id", "client_secret", "scope", "grant_type"])
async def test_a_value_that_is_no_text_is_an_invalid_request(api: Api, client: NewClient, name: str) -> None:
    """Operators of the database, above all."""
    for value in ({"$ne": ""}, 5, ["read"]):
        answer = await ask(api, **{**GRANT, **keys(client), name: value})
        assert (answer.status, answer.json) == (400, {"error": "invalid_request"})


async def test_text_that_is_no_unicode_is_an_invalid_request(api: Api) -> None:
    """It never reaches the database."""
    body = b'{"grant_type": "client_credentials", "client_id": "\\ud800", "client_secret": "x"}'
    answer = await api.call("POST", PATH, body, {"Content-Type": "application/json"})
    assert (answer.status, answer.json) == (400, {"error": "invalid_request"})


async def test_only_post_is_offered(api: Api) -> None:
    """The refusal stays out of caches, too."""
    answer = await api.get(PATH)
    assert (answer.status, answer.headers["Allow"]) == (405, "POST, OPTIONS")
    assert answer.headers["Cache-Control"] == "no-store"


async def test_nothing_secret_is_stored_in_the_clear(api: Api, client: NewClient, server: Served) -> None:
    """Neither the client's secret nor a token."""
    token = (await ask(api, **GRANT, **keys(client))).json["access_token"]
    stored = [await server.stores.database[name].find_one({}) for name in ("oauth_clients", "oauth_tokens")]
    assert client.client_secret not in str(stored)
    assert token not in str(stored)


@pytest.mark.settings(oauth2_access_token_expire_seconds=1)
async def test_a_token_ends(api: Api, client: NewClient, server: Served) -> None:
    """An expired one is refused although the database may still have it."""
    answer = await ask(api, **GRANT, **keys(client))
    assert answer.json["expires_in"] == 1
    await server.stores.database["oauth_tokens"].update_many(
        {}, [{"$set": {"expires": {"$subtract": ["$$NOW", 1]}}}]
    )
    assert (await api.get("/api/token/", **bearer("x"))).status == 405
    answer = await api.get("/api/frontend/whoami", **bearer(answer.json["access_token"]))
    assert (answer.status, answer.json["code"]) == (403, "token_not_valid")


async def test_an_app_revokes_its_own_tokens_only(api: Api, client: NewClient, server: Served) -> None:
    """An unknown one is no error."""
    token = (await ask(api, **GRANT, **keys(client))).json["access_token"]
    other = await server.stores.oauth.add_client("Other")
    for who, alive in ((other, True), (client, False)):
        answer = await api.post(
            "/api/o/revoke_token/", {**keys(who), "token": token}, Content_Type="application/json"
        )
        assert (answer.status, answer.body) == (200, b"")
        assert (await server.stores.oauth.app(token) is not None) is alive
    answer = await api.post("/api/o/revoke_token/", {"token": token}, Content_Type="application/json")
    assert (answer.status, answer.json) == (400, {"error": "invalid_client"})


async def test_an_app_learns_about_its_own_tokens(api: Api, client: NewClient, server: Served) -> None:
    """Another app's are as good as unknown."""
    token = (await ask(api, **GRANT, **keys(client))).json["access_token"]
    other = await server.stores.oauth.add_client("Other")

    async def look(who: NewClient, token: str) -> Any:
        sent = {**keys(who), "token": token}
        return (await api.post("/api/o/introspect/", sent, Content_Type="application/json")).json

    told = await look(client, token)
    assert (told["active"], told["scope"], told["client_id"]) == (True, " ".join(SCOPES), client.client_id)
    assert await look(other, token) == await look(client, "x") == {"active": False}


async def test_an_app_is_no_user(callers: Any) -> None:
    """Whatever its scopes."""
    app: Someone = await callers.app("read", "write")
    answer = await app.get("/api/frontend/whoami")
    assert (answer.status, answer.json) == (
        403,
        {"detail": "You do not have permission to perform this action."},
    )
