"""Finds out who calls: a partner's app, an account, or nobody."""

from __future__ import annotations

from dataclasses import dataclass

from tornado.httputil import HTTPServerRequest

from handlers.core.cookies import find_signed_in, has_csrf_header, read_cookie
from handlers.core.errors import Unauthenticated
from handlers.core.rest.credentials import read_basic, split, token_owner
from handlers.core.rest.handler import Refused
from handlers.core.services import Services
from handlers.core.tokens import BadToken, WrongKind
from handlers.klub.credentials import ACCESS, find_account, read_session
from storage.accounts import Member
from storage.klub.oauth import App

BAD_HEADER = {
    "detail": "Authorization header must contain two space-delimited values",
    "code": "bad_authorization_header",
}
NO_CSRF = {"detail": "CSRF Failed: CSRF token missing or incorrect."}
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
INVALID, WRONG_TYPE = "Token is invalid or expired", "Token has wrong type"
WRONG_PASSWORD = "Invalid username/password."  # noqa: S105


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a user, an app, or (neither) somebody anonymous."""

    member: Member | None = None
    client: App | None = None

    @property
    def anonymous(self) -> bool:
        """Tell whether nobody signed in."""
        return self.member is None and self.client is None

    @property
    def scopes(self) -> frozenset[str]:
        """Return what an app may do; users have no scopes."""
        return self.client.scopes if self.client is not None else frozenset()


ANONYMOUS = Caller()


@dataclass(frozen=True, slots=True)
class Callers:
    """Reads credentials; `client` is the network address that they come from."""

    services: Services
    client: str

    async def identify(self, request: HTTPServerRequest) -> Caller:
        """Find out who an Authorization header speaks for, or else a session cookie.

        Unknown schemes count as none; raises Refused and Unauthenticated for what does not hold.
        """
        header = request.headers.get("Authorization", "")
        scheme, rest = split(header)
        match scheme:
            case "bearer":
                return await self._bear(rest)
            case "basic":
                return Caller(await self._sign_in(*read_basic(rest)))
            case "token":
                return Caller(await token_owner(self.services.stores.tokens, rest))
        return await self._recognise(request)

    async def _recognise(self, request: HTTPServerRequest) -> Caller:
        """Find who is signed in by a cookie; what changes something must come from a page of ours."""
        found = await find_signed_in(self.services.stores, read_cookie(request))
        if found is None:
            return ANONYMOUS
        if request.method not in SAFE and not has_csrf_header(request, found.visit):
            raise Refused(403, NO_CSRF)
        return Caller(found.member)

    async def _bear(self, rest: list[str]) -> Caller:
        """Read an app's token or a user's JWT: a JWT has dots, an app's token never does."""
        if len(rest) != 1:
            raise Refused(403, BAD_HEADER)
        if "." not in rest[0]:
            app = await self.services.stores.oauth.app(rest[0])
            if app is None:
                raise Refused(403, bad_token(INVALID))
            return Caller(client=app)
        try:
            return Caller((await read_session(self.services, ACCESS, rest[0])).member)
        except WrongKind:
            raise Refused(403, bad_token(WRONG_TYPE)) from None
        except BadToken:
            raise Refused(403, bad_token(INVALID)) from None

    async def _sign_in(self, name: str, password: str) -> Member:
        stores = self.services.stores
        person = await find_account(stores, name)
        asked = (person or {}).get("email") or name
        if await self.services.tries.check(person, password, asked=asked, client=self.client) is None:
            raise Unauthenticated(WRONG_PASSWORD)
        assert person is not None
        return Member.of(person)


def bad_token(message: str) -> dict[str, object]:
    """Return the body about a token that does not hold."""
    return {
        "detail": "Given token not valid for any token type",
        "code": "token_not_valid",
        "messages": [{"token_class": "AccessToken", "token_type": "access", "message": message}],
    }
