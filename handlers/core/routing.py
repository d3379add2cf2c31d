"""Decides whose path it is, finds the handler, and stops bodies that are too large before they are read."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tornado.escape import url_unescape
from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.routing import Router
from tornado.websocket import WebSocketHandler

from handlers.core.dialect import Dialect, Route
from handlers.core.errors import TooLarge

if TYPE_CHECKING:
    from handlers.core.application import Folkmoot

DISCARDED = 32 << 20  # bytes beyond the limit that are read only to be thrown away


@dataclass(frozen=True, slots=True)
class Match:
    """A request's place: its dialect, its route (None: no such path), the path's arguments still encoded.

    `secrets` match paths of any dialect up to where a secret begins.
    """

    dialect: Dialect
    route: Route | None
    arguments: Mapping[str, str]
    secrets: Sequence[re.Pattern[str]] = ()


class Table:
    """All routes of all dialects; fixed paths are looked up, paths with segments are tried in turn."""

    def __init__(self, dialects: Iterable[Dialect]) -> None:
        self._dialects = tuple(dialects)
        claims = [(claim, dialect) for dialect in self._dialects for claim in dialect.claims]
        self._exact = {claim[1:]: dialect for claim, dialect in claims if claim.startswith("=")}
        prefixes = [(claim, dialect) for claim, dialect in claims if not claim.startswith("=")]
        self._prefixes = sorted(prefixes, key=lambda each: -len(each[0]))
        self._fixed: dict[tuple[str, str], Route] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], Route]]] = {}
        for dialect, route in self:
            self._add(dialect.name, route)
        self._secrets = [before for _, route in self if (before := route.before_secret()) is not None]

    def _add(self, dialect: str, route: Route) -> None:
        if not route.fixed:
            self._patterns.setdefault(dialect, []).append((route.pattern(), route))
        for path in route.fixed:
            if self._fixed.setdefault((dialect, path), route) is not route:
                raise ValueError(f"two routes of {dialect} share the path {path}")

    def owner(self, path: str) -> Dialect:
        """Return the dialect whose path it is."""
        if (dialect := self._exact.get(path)) is not None:
            return dialect
        return next(dialect for claim, dialect in self._prefixes if path.startswith(claim))

    def find(self, path: str) -> Match:
        """Find the place of a raw, percent-encoded path."""
        dialect = self.owner(path)
        if (route := self._fixed.get((dialect.name, path))) is not None:
            return Match(dialect, route, {})
        for pattern, route in self._patterns.get(dialect.name, ()):
            if (found := pattern.fullmatch(path)) is not None:
                return Match(dialect, route, found.groupdict())
        return Match(dialect, None, {}, self._secrets)

    def __iter__(self) -> Iterator[tuple[Dialect, Route]]:
        """Go through every route with its dialect."""
        return ((dialect, route) for dialect in self._dialects for route in dialect.routes)


class DialectRouter(Router):
    """Hands each request to the handler of its place."""

    def __init__(self, table: Table, application: Folkmoot, *, body_limit: int, upload_limit: int) -> None:
        self.table = table
        self._application = application
        self._body_limit = body_limit
        self._upload_limit = upload_limit

    def find_handler(self, request: HTTPServerRequest, **_: Any) -> HTTPMessageDelegate:
        """Return what receives the request's body and runs its handler."""
        match = self.table.find(request.path)
        request.match = match  # type: ignore[attr-defined]
        multipart = request.headers.get("Content-Type", "").lower().startswith("multipart/form-data")
        return BodyGate(
            self._application, request, match, self._upload_limit if multipart else self._body_limit
        )


class BodyGate(HTTPMessageDelegate):
    """Lets a body through up to its limit; over it, the dialect's own 413 is the answer.

    What is left of the body is read and thrown away, so that clients which send first and read later see
    the answer and may go on using the connection. Two are answered at once, which ends the connection:
    who waits for "100 Continue" before sending, and who wants to send more than is worth reading.
    """

    def __init__(self, application: Folkmoot, request: HTTPServerRequest, match: Match, limit: int) -> None:
        self._application = application
        self._request = request
        self._match = match
        self._limit = limit
        self._received = 0
        self._delegate: HTTPMessageDelegate | None = None
        self._refused = False
        self._answered = False
        if match.route is None or not issubclass(match.route.handler, WebSocketHandler):
            application.begin(request)

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        """Refuse what announces too much."""
        digits = headers.get("Content-Length", "").partition(",")[0].strip()
        announced = int(digits[:20]) if digits.isascii() and digits.isdigit() else 0
        if announced > self._limit:
            self._refused = True
            expects = headers.get("Expect", "").lower() == "100-continue"
            if expects or announced > self._limit + DISCARDED:
                return self._answer_now()
            return None
        self._delegate = self._open({})
        return self._delegate.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Pass a part on, or drop all parts when a body without a length grows too large."""
        self._received += len(chunk)
        if self._received > self._limit:
            if self._delegate is not None:  # one that takes the body as it comes must let go of it
                self._delegate.on_connection_close()
            self._refused = True
            self._drop()
            if self._received > self._limit + DISCARDED and not self._answered:
                return self._answer_now()
        return None if self._delegate is None else self._delegate.data_received(chunk)

    def finish(self) -> None:
        """Run the handler."""
        if self._delegate is not None:
            self._delegate.finish()
        elif not self._answered:
            self._refuse()

    def on_connection_close(self) -> None:
        """Tell the handler that nobody waits any more."""
        self._application.end(self._request)
        if self._delegate is not None:
            self._delegate.on_connection_close()

    def _open(self, options: Mapping[str, Any]) -> HTTPMessageDelegate:
        dialect, route = self._match.dialect, self._match.route
        handler = dialect.fallback if route is None or options else route.handler
        arguments = {
            name: url_unescape(value, encoding=None, plus=False)
            for name, value in self._match.arguments.items()
        }
        return self._application.get_handler_delegate(
            self._request,
            handler,
            dict(options) or dict(route.options if route is not None else {}),
            path_kwargs={} if handler is dialect.fallback else arguments,
        )

    def _drop(self) -> None:
        """Give up what was received; a handler that takes bodies in parts hears that no more will come."""
        if self._delegate is not None:
            self._delegate.on_connection_close()
            self._delegate = None
            self._application.begin(self._request)

    def _refuse(self) -> None:
        self._answered = True
        self._open({"refusal": TooLarge(self._limit)}).finish()

    async def _answer_now(self) -> None:
        """Answer before the body is read; Tornado reads on only when this is done."""
        self._refuse()
        await self._application.answered(self._request)
