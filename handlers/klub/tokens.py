"""Tokens of users: short-lived JWTs for a name and a password, and longer ones that renew them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.core.rest.fields import Body, text
from handlers.core.rest.handler import Refused
from handlers.core.tokens import BadToken, WrongKind
from handlers.klub.access import ANYONE
from handlers.klub.callers import INVALID, WRONG_TYPE
from handlers.klub.credentials import ACCESS, REFRESH, find_account, make_token, read_session
from handlers.klub.rules import KlubHandler
from storage.errors import Departed

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="api"'}
NO_ACCOUNT = {"detail": "No active account found with the given credentials"}

Required = Annotated[str, text(None)]


class SignInBody(Body):
    """Who signs in: an address of the account, or its username."""

    username: Required
    # Other systems did not trim: a hash that they made may fit the text only as it came.
    password: Annotated[str, text(None, trim=False)]


class RefreshBody(Body):
    """What renews an access token."""

    refresh: Required


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a user signs calls with, and what renews it."""

    refresh: str
    access: str


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a user signs calls with."""

    access: str


class TokenHandler(KlubHandler):
    """Hands out tokens; whatever Authorization header comes along does not count."""

    identifies = False

    @operation(body=SignInBody, returns=TokenPair, access=ANYONE)
    async def post(self, body: SignInBody) -> TokenPair:
        """Return tokens for the password; whether the address is verified does not matter."""
        person = await find_account(self.stores, body.username)
        asked = (person or {}).get("email") or body.username
        hashed = await self.services.tries.check(person, body.password, asked=asked, client=self.client)
        if hashed is None or person is None:
            raise Refused(401, NO_ACCOUNT, CHALLENGE)
        try:
            member = await self.stores.signin.arrive(person["_id"], hashed)
        except Departed:
            raise Refused(401, NO_ACCOUNT, CHALLENGE) from None
        settings = self.services.settings
        self.set_header("Cache-Control", "no-store")
        return TokenPair(
            make_token(self.services, REFRESH, member, settings.refresh_token_lifetime),
            make_token(self.services, ACCESS, member, settings.access_token_lifetime),
        )


class RefreshHandler(KlubHandler):
    """Renews access tokens; the refresh token stays as it is."""

    identifies = False

    @operation(body=RefreshBody, returns=AccessToken, access=ANYONE)
    async def post(self, body: RefreshBody) -> AccessToken:
        """Return a new access token."""
        try:
            session = await read_session(self.services, REFRESH, body.refresh)
        except WrongKind:
            raise Refused(401, refusal(WRONG_TYPE), CHALLENGE) from None
        except BadToken:
            raise Refused(401, refusal(INVALID), CHALLENGE) from None
        self.set_header("Cache-Control", "no-store")
        lifetime = self.services.settings.access_token_lifetime
        return AccessToken(make_token(self.services, ACCESS, session.member, lifetime))


def refusal(reason: str) -> dict[str, Any]:
    """Return the body about a refresh token that does not hold."""
    return {"detail": reason, "code": "token_not_valid"}


ROUTES = (Route("/api/token/", TokenHandler), Route("/api/token/refresh/", RefreshHandler))
