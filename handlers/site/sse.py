"""The live hub for `EventSource`: connect requests in the query or the body, pushes as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from tornado.http1connection import HTTP1Connection
from tornado.web import RequestHandler

from handlers.core.dialect import Route
from handlers.core.errors import ApiError, Denied
from handlers.core.operation import operation
from handlers.site.answers import ConnectRequest, EventsQuery
from handlers.site.rules import SiteHandler
from realtime.codes import CloseCode, Disconnect, ErrorCode, Refusal
from realtime.connection import Credentials
from realtime.dialogue import Dialogue
from realtime.frames import Message
from realtime.protocol import Connect, decode_connect, encode_refusal
from realtime.socket import is_own_origin, read_credentials
from realtime.sse import EventLine, Listener

PARAMETER = "cf_connect"
STATUSES: Mapping[ErrorCode, int] = {ErrorCode.TOKEN_EXPIRED: 401, ErrorCode.BAD_REQUEST: 400}
UNAVAILABLE = 503
HEADERS: Mapping[str, str] = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would keep events back until it has a buffer full of them
}


class OpenAnswer:
    """The answer of a handler, as an EventLine writes it."""

    def __init__(self, handler: RequestHandler) -> None:
        self._handler = handler
        self.stream = cast("HTTP1Connection", handler.request.connection).stream
        self.stream.set_nodelay(True)
        self.chunked = handler.request.version == "HTTP/1.1"
        self.begun = False

    def begin(self, status: int) -> None:
        """Set the head."""
        self.begun = True
        self._handler.set_status(status)
        for name, value in HEADERS.items():
            self._handler.set_header(name, value)

    def write(self, data: bytes) -> asyncio.Future[None]:
        """Write a part of the stream."""
        if not self.begun:
            self.begin(200)
        self._handler.write(data)
        return self._handler.flush()

    def end(self) -> asyncio.Future[None]:
        """End the stream."""
        return self._handler.finish()

    def abort(self) -> None:
        """Cut the connection."""
        self.stream.close()


class EventsHandler(SiteHandler):
    """One listener of the hub; the request lasts as long as it does."""

    def initialize(self, refusal: ApiError | None = None, **options: Any) -> None:
        """Prepare for the end."""
        super().initialize(refusal, **options)
        self._listener: Listener | None = None
        self._over = asyncio.Event()

    async def prepare(self) -> None:
        """Turn away pages of foreign sites, as the WebSocket does."""
        await super().prepare()
        origin = self.request.headers.get("Origin")
        if origin is not None and not (
            is_own_origin(origin, self.request.host) or self.services.addressing.lists_origin(origin)
        ):
            raise Denied("this origin may not connect")

    async def head(self) -> None:
        """Say whether GET would know what is wanted, and connect nobody."""
        status = 200
        try:
            self.read(self.asked)
        except (Disconnect, Refusal):
            status = 400
        OpenAnswer(self).begin(status)

    @property
    def asked(self) -> str:
        """Return the query's connect request."""
        return self.get_query_argument(PARAMETER, "", strip=False)

    @operation(asks=EventsQuery)
    async def get(self) -> None:
        """Stream to whom the query's connect request describes."""
        await self.stream(self.asked)

    @operation(takes=ConnectRequest)
    async def post(self) -> None:
        """Stream to whom the body's connect request describes."""
        await self.stream(self.request.body)

    async def stream(self, request: str | bytes) -> None:
        """Join the hub, and stay until either side ends it."""
        hub, line = self.folkmoot.hub, EventLine(OpenAnswer(self))
        listener = self._listener = Listener(hub, line, self.credentials())
        line.call_when_drained(listener.flush)
        listener.open()
        try:
            if not listener.closed:
                await self.introduce(listener, request)
        except Refusal as refusal:
            if not listener.closed:  # the hub, or the client, may have ended it meanwhile
                status = STATUSES.get(refusal.code, UNAVAILABLE)
                line.conclude(Message(encode_refusal(refusal.code)), status)
        # A graceful stop waits for requests, but says good-bye to listeners.
        self.folkmoot.end(self.request)
        await self._over.wait()

    async def introduce(self, listener: Listener, request: str | bytes) -> None:
        """Connect; raises Refusal."""
        try:
            connect = self.read(request)
        except Disconnect as end:
            listener.close(end.code)
        else:
            await Dialogue(self.folkmoot.hub, self.folkmoot.gate.admit).introduce(listener, connect)

    def read(self, request: str | bytes) -> Connect:
        """Read a connect request no longer than a message may be."""
        if len(request) > self.folkmoot.hub.limits.max_message_bytes:
            raise Disconnect(CloseCode.BAD_REQUEST)
        return decode_connect(request)

    def credentials(self) -> Credentials:
        """Take what the request says about who is asking.

        A browser names no Origin in a GET to the page's own; what other sites make it fetch, an image for
        example, looks alike but for Sec-Fetch-Site.
        """
        shown = read_credentials(self.request)
        from_page = self.request.headers.get("Origin") is not None
        if from_page or self.request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin":
            return shown
        return replace(shown, cookies={})

    def answer(self, value: Any, status: int = 200) -> None:
        """End what the client has left before."""
        self.finish()

    def on_finish(self) -> None:
        """Leave the hub."""
        super().on_finish()
        self.leave()

    def on_connection_close(self) -> None:
        """Leave the hub: the client is gone."""
        super().on_connection_close()
        self.leave()

    def leave(self) -> None:
        """Let the request end."""
        if self._listener is not None:
            self._listener.lost()
            self._listener = None
        self._over.set()


ROUTES = (Route("/connection/uni_sse", EventsHandler),)
