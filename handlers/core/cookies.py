"""The session cookie, which more than one dialect reads: what it stands for, and what proves a request."""

from __future__ import annotations

from dataclasses import dataclass

from tornado.httputil import HTTPServerRequest

from handlers.core import csrf
from storage.accounts import Member
from storage.pybossa.people import PyBossaUser
from storage.pybossa.sessions import Visit
from storage.stores import Stores

COOKIE = "session"
CSRF_HEADERS = ("X-CSRFToken", "X-CSRF-Token")
LONGEST_COOKIE = 200


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is signed in by a session."""

    visit: Visit
    user: PyBossaUser

    @property
    def member(self) -> Member:
        """Return the account."""
        user = self.user
        return Member(user.oid, user.id, user.admin, user.generation)


def read_cookie(request: HTTPServerRequest, name: str = COOKIE) -> str:
    """Return a cookie, empty where there is none, or none of ours."""
    morsel = request.cookies.get(name)
    return morsel.value if morsel is not None and len(morsel.value) <= LONGEST_COOKIE else ""


async def find_signed_in(stores: Stores, cookie: str) -> SignedIn | None:
    """Find who is signed in by a cookie; nobody where it is unknown, or its session nobody's."""
    visit = await stores.sessions.find(cookie) if cookie else None
    if visit is None or visit.user_id is None:
        return None
    user = await stores.pybossa.by_oid(visit.user_id)
    return SignedIn(visit, user) if user is not None else None


def has_csrf_header(request: HTTPServerRequest, visit: Visit) -> bool:
    """Tell whether a request carries a token of its session in a header."""
    return any(csrf.is_good(visit.csrf, request.headers.get(name, "")) for name in CSRF_HEADERS)
