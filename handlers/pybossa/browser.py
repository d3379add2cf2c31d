"""The browser behind a request: its cookies, its session, and what it is told."""

from __future__ import annotations

from collections.abc import Sequence
from http.cookies import Morsel
from typing import TYPE_CHECKING, Any

from handlers.core import csrf
from handlers.core.cookies import COOKIE, has_csrf_header, read_cookie
from storage.pybossa.people import PyBossaUser
from storage.pybossa.sessions import REMEMBERED, Message, Opened, Visit

if TYPE_CHECKING:
    from handlers.core.handler import DialectHandler

REMEMBER = "remember_token"
LONG_AGO = "Thu, 01 Jan 1970 00:00:00 GMT"


class Browser:
    """What one request's cookies stand for.

    A session is made when there is something to keep: a CSRF secret, a message, a person.
    """

    def __init__(self, handler: DialectHandler) -> None:
        self._handler = handler
        self._sessions = handler.stores.sessions
        self._messages: list[Message] = []
        self.visit: Visit | None = None
        self.user: PyBossaUser | None = None

    async def open(self) -> None:
        """Find out what the cookies stand for; a browser without a session may be known from long ago."""
        stores, request = self._handler.stores, self._handler.request
        cookie = read_cookie(request)
        self.visit = await self._sessions.find(cookie) if cookie else None
        if self.visit is not None and self.visit.user_id is not None:
            self.user = await stores.pybossa.by_oid(self.visit.user_id)
        elif token := read_cookie(request, REMEMBER):
            await self._recall(token)

    async def _recall(self, token: str) -> None:
        opened = await self._sessions.recall(token, self.visit)
        if opened is not None:
            assert opened.visit.user_id is not None
            self.user = await self._handler.stores.pybossa.by_oid(opened.visit.user_id)
            self._keep(opened)

    # Requests that prove themselves

    async def make_token(self) -> str:
        """Return a CSRF token of the session."""
        return csrf.make_token((await self._require()).csrf)

    def proves(self, token: object) -> bool:
        """Tell whether the request carries a token of its session, in a header or as this field."""
        if self.visit is None:
            return False
        sent = isinstance(token, str) and csrf.is_good(self.visit.csrf, token)
        return sent or has_csrf_header(self._handler.request, self.visit)

    # Messages

    def tell(self, text: str | Sequence[str], category: str) -> None:
        """Leave a message for the next page, this reply included if it is one."""
        self._messages.append(Message(text, category))

    async def take_messages(self) -> tuple[Message, ...]:
        """Take all messages out, for a reply that shows them."""
        waiting = self.visit is not None and self.visit.messages
        stored = await self._sessions.take(self.visit) if self.visit is not None and waiting else ()
        told, self._messages = self._messages, []
        return (*stored, *told)

    async def keep_messages(self) -> None:
        """Keep the messages for another reply."""
        if self._messages:
            await self._sessions.leave(await self._require(), self._messages)

    # Coming and going

    def enter(self, user: PyBossaUser, opened: Opened) -> None:
        """Take the cookies of somebody who has just come in."""
        self.user = user
        self._keep(opened)

    async def leave(self) -> None:
        """Sign this browser out."""
        token = read_cookie(self._handler.request, REMEMBER)
        opened = await self._sessions.sign_out(self.visit, token)
        self.visit = self.user = None
        if opened is not None:
            self._keep(opened)
        self._drop(REMEMBER)

    async def _require(self) -> Visit:
        if self.visit is None:
            self._keep(await self._sessions.begin())
        assert self.visit is not None
        return self.visit

    def _keep(self, opened: Opened) -> None:
        self.visit = opened.visit
        self._set(COOKIE, opened.cookie)
        if opened.remember is not None:
            self._set(REMEMBER, opened.remember, max_age=REMEMBERED)

    def _set(self, name: str, value: str, max_age: int | None = None) -> None:
        self._handler.set_cookie(name, value, path="/", max_age=max_age, **self._attributes())

    def _drop(self, name: str) -> None:
        """Have the browser drop a cookie; Tornado would set it to a pair of quotes."""
        morsel: Morsel[str] = Morsel()
        morsel.set(name, "", "")
        morsel.update({"path": "/", "expires": LONG_AGO, **self._attributes()})
        self._handler.add_header("Set-Cookie", morsel.OutputString())

    def _attributes(self) -> dict[str, Any]:
        scheme = self._handler.services.addressing.proxies.scheme(self._handler.request)
        return {"httponly": True, "samesite": "Lax", "secure": scheme == "https"}
