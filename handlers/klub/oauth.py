"""OAuth2 for partners' apps: tokens for client credentials (RFC 6749 section 4.4), by way of oauthlib."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

import orjson
from oauthlib.common import Request
from oauthlib.oauth2 import BearerToken, ClientCredentialsGrant, RequestValidator
from pydantic import BaseModel, Field

from handlers.core.dialect import Route
from handlers.core.errors import ApiError, Unauthenticated
from handlers.core.operation import Operation, operation
from handlers.core.rest.credentials import read_basic, split
from handlers.core.rest.fields import is_storable
from handlers.core.rest.handler import Refused
from handlers.klub.access import ANYONE
from handlers.klub.rules import EMPTY, KlubHandler
from storage.klub.oauth import Client, make_token

GRANT = "client_credentials"
CONFIDENTIAL = {"Cache-Control": "no-store", "Pragma": "no-cache"}
CHALLENGE = {"WWW-Authenticate": 'Bearer error="invalid_client"'}
PARAMETERS = ("client_id", "client_secret", "scope", "token", "token_type_hint")


class GrantBody(BaseModel):
    """An app asks for a token; it may name itself by HTTP Basic instead."""

    grant_type: str = Field(json_schema_extra={"enum": [GRANT]})
    client_id: str = ""
    client_secret: str = ""
    scope: str = Field("", description="separated by blanks; all of the client's where it is missing")


class TokenBody(BaseModel):
    """An app names a token of its own."""

    token: str
    client_id: str = ""
    client_secret: str = ""


@dataclass(frozen=True, slots=True)
class Granted:
    """A token and what it is good for."""

    access_token: str
    expires_in: int
    token_type: str
    scope: str


class Grantor(RequestValidator):  # type: ignore[misc]
    """Answers oauthlib's questions about one client, which was read and authenticated before."""

    def __init__(self, client: Client | None) -> None:
        super().__init__()
        self._client = client

    def authenticate_client(self, request: Any, *_: Any, **__: Any) -> bool:
        """Name the client, where there is one."""
        request.client = self._client
        return self._client is not None

    def validate_grant_type(self, *_: Any, **__: Any) -> bool:
        """Let every client have this grant."""
        return True

    def get_default_scopes(self, *_: Any, **__: Any) -> list[str]:
        """Return all scopes of the client."""
        assert self._client is not None
        return list(self._client.scopes)

    def validate_scopes(self, client_id: str, scopes: list[str], *_: Any, **__: Any) -> bool:
        """Accept the client's own scopes only."""
        assert self._client is not None
        return set(scopes) <= set(self._client.scopes)

    def save_bearer_token(self, *_: Any, **__: Any) -> None:
        """Leave storing to the caller, who may wait for the database."""


class OAuthHandler(KlubHandler):
    """What the paths for apps share: no cache keeps their answers, and a client names itself."""

    identifies = False

    def set_default_headers(self) -> None:
        """Keep answers, errors included, out of caches."""
        super().set_default_headers()
        for name, value in CONFIDENTIAL.items():
            self.set_header(name, value)

    async def admit(self, declared: Operation) -> Mapping[str, Any]:
        """Leave the body to the operation: its errors have words of their own, and the exact type."""
        self.json_type = "application/json"
        return {}

    def read_parameters(self) -> Mapping[str, Any]:
        """Read the body; one that can't be read has nothing in it."""
        try:
            return self.read_fields()
        except ApiError:
            return {}

    async def find_client(self, parameters: Mapping[str, str]) -> Client | None:
        """Find the client that named itself, by Basic or in the body, and knows its secret."""
        for name, secret in (self.read_header(), tuple(map(parameters.get, PARAMETERS[:2]))):
            if name and secret:
                client = await self.stores.oauth.client(name)
                if client is not None and client.fits(secret):
                    return client
        return None

    def read_header(self) -> tuple[str, str]:
        """Read a client's name and secret from HTTP Basic; both are URL-encoded there."""
        scheme, rest = split(self.request.headers.get("Authorization", ""))
        try:
            name, secret = read_basic(rest) if scheme == "basic" else ("", "")
        except Unauthenticated:
            return "", ""
        return unquote_plus(name), unquote_plus(secret)

    async def require_client(self, parameters: Mapping[str, str]) -> Client:
        """Find the client; raises Refused: 400, for no path but the one of tokens answers 401."""
        if (client := await self.find_client(parameters)) is None:
            raise refusal("invalid_client")
        return client


class GrantHandler(OAuthHandler):
    """Hands out tokens."""

    @operation(body=GrantBody, returns=Granted, access=ANYONE)
    async def post(self) -> Granted:
        """Return a new token for an app; older ones stay valid."""
        fields = self.read_parameters()
        kind = fields.get("grant_type")
        if kind != GRANT and (kind is None or isinstance(kind, str)):
            raise refusal("unsupported_grant_type")
        parameters = require_texts(fields, "grant_type", *PARAMETERS[:3])
        client = await self.find_client(parameters)
        lifetime = self.services.settings.oauth2_access_token_expire_seconds
        granted = grant(client, parameters, lifetime)
        assert client is not None
        scopes = granted.scope.split(" ")
        await self.stores.oauth.issue(client.client_id, scopes, granted.access_token, lifetime)
        return granted


class RevokeHandler(OAuthHandler):
    """Ends tokens (RFC 7009)."""

    @operation(body=TokenBody, access=ANYONE)
    async def post(self) -> bytes:
        """End a token of the app's own; an unknown one is no error."""
        parameters = require_texts(self.read_parameters(), *PARAMETERS)
        client = await self.require_client(parameters)
        if not parameters.get("token"):
            raise refusal("invalid_request")
        await self.stores.oauth.revoke(client.client_id, parameters["token"])
        return EMPTY


class IntrospectHandler(OAuthHandler):
    """Tells apps about their tokens (RFC 7662)."""

    @operation(body=TokenBody, access=ANYONE)
    async def post(self) -> dict[str, Any]:
        """Return what a token of the app's own is good for."""
        parameters = require_texts(self.read_parameters(), *PARAMETERS)
        client = await self.require_client(parameters)
        if not parameters.get("token"):
            raise refusal("invalid_request")
        app = await self.stores.oauth.app(parameters["token"])
        if app is None or app.client_id != client.client_id:
            return {"active": False}
        scopes = " ".join(scope for scope in client.scopes if scope in app.scopes)
        return {"active": True, "scope": scopes, "client_id": app.client_id, "exp": int(app.expires)}


def refusal(error: str, status: int = 400) -> Refused:
    """Return a refusal in the shape of RFC 6749 section 5.2."""
    return Refused(status, {"error": error}, CHALLENGE if status == 401 else None)


def require_texts(fields: Mapping[str, Any], *names: str) -> dict[str, str]:
    """Return the parameters that were sent; raises Refused where one is no text."""
    sent = {name: fields[name] for name in names if name in fields}
    if not all(isinstance(value, str) and is_storable(value) for value in sent.values()):
        raise refusal("invalid_request")
    return sent


def grant(client: Client | None, parameters: Mapping[str, str], lifetime: int) -> Granted:
    """Let oauthlib judge a request and make the token; raises Refused."""
    validator = Grantor(client)
    wanted = " ".join(filter(None, parameters.get("scope", "").split(" ")))
    pairs = [("grant_type", GRANT), *([("scope", wanted)] if wanted else ())]
    request = Request("", "POST", pairs)
    maker = BearerToken(validator, lambda _: make_token(), lifetime)
    _, body, status = ClientCredentialsGrant(validator).create_token_response(request, maker)
    answer = orjson.loads(body)
    if status != 200:
        raise refusal(answer["error"], status)
    return Granted(**answer)


ROUTES = (
    Route("/api/o/token/", GrantHandler),
    Route("/api/o/revoke_token/", RevokeHandler),
    Route("/api/o/introspect/", IntrospectHandler),
)
