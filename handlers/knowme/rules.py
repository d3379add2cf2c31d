"""The rules of Know Me: its credential, who may call a path, who may read it from other sites."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, ClassVar

from handlers.core.errors import Denied, NotFound, Unauthenticated
from handlers.core.handler import DialectHandler
from handlers.core.rest.credentials import split, token_owner
from handlers.core.rest.handler import RestHandler

REDIRECTED = ("/auth/", "/know-me/")  # slashless /account/ paths are another dialect's
PREFLIGHT = {
    "Access-Control-Allow-Methods": "DELETE, GET, OPTIONS, PATCH, POST, PUT",
    "Access-Control-Allow-Headers": "accept, accept-encoding, authorization, content-type, dnt, origin, "
    "user-agent, x-csrftoken, x-requested-with",
    "Access-Control-Max-Age": "86400",
}


class Access(Enum):
    """Who may call a path; a bad token is refused everywhere, public paths included."""

    PUBLIC = "anyone"
    SIGNED_IN = "an account's token"
    ANONYMOUS = "nobody with a token"

    def __str__(self) -> str:
        """Return it in words."""
        return self.value


class KnowMeHandler(RestHandler):
    """The base of this dialect's handlers; subclasses set `access`."""

    access: ClassVar[Access] = Access.SIGNED_IN

    async def authenticate(self) -> None:
        """Find out whose token was sent; other schemes count as no credentials."""
        scheme, rest = split(self.request.headers.get("Authorization", ""))
        if scheme == "token":
            self.member = await token_owner(self.stores.tokens, rest)

    def permit(self) -> None:
        """Check who may call."""
        if self.access is Access.SIGNED_IN and self.member is None:
            raise Unauthenticated
        if self.access is Access.ANONYMOUS and self.member is not None:
            raise Denied("This view requires the user to NOT be authenticated.")

    def answer(self, value: Any, status: int = 200) -> None:
        """Send a value; a new object says where it is."""
        if status == 201 and (url := getattr(value, "url", None)) is not None:
            self.set_header("Location", url)
        super().answer(value, status)

    def cross_origin(self) -> Mapping[str, str]:
        """Let every site read: there are no cookies to protect."""
        return {"Access-Control-Allow-Origin": "*"}

    def preflight(self) -> bool:
        """Answer every browser's preflight."""
        if "Access-Control-Request-Method" not in self.request.headers:
            return False
        for name, value in PREFLIGHT.items():
            self.set_header(name, value)
        self.clear_header("Content-Type")  # Tornado's own is HTML
        return True


class KnowMeNotFound(KnowMeHandler):
    """Answers the dialect's paths that do not exist, and sends readers to where a slash was forgotten."""

    async def prepare(self) -> None:
        """Redirect or refuse everything but preflights."""
        await DialectHandler.prepare(self)
        if self._finished:
            return
        slashed = self.request.path + "/"
        reading = self.request.method in {"GET", "HEAD"} and slashed.startswith(REDIRECTED)
        if not reading or self.folkmoot.table.find(slashed).route is None:
            raise NotFound
        query = f"?{self.request.query}" if self.request.query else ""
        self.clear_header("Content-Type")
        self.redirect(slashed + query, permanent=True)
