"""Tornado's side of `/connection/websocket`: the handshake, the frames, the end."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.iostream import StreamBufferFullError, StreamClosedError
from tornado.util import ObjectDict
from tornado.websocket import WebSocketHandler, WebSocketProtocol13, _WebSocketParams

from realtime.codes import CloseCode
from realtime.connection import Connection, Credentials
from realtime.dialogue import Authenticate, Dialogue
from realtime.frames import TEXT, Message, SocketLine, encode_frame
from realtime.hub import Hub

PONG = "{}"
CONTROL_BYTES = 4096  # room in the stream for control frames behind a full outbox
TEXT_OPCODE, CLOSE = 0x1, 0x8
PROTOCOL_ERROR, INVALID_PAYLOAD = 1002, 1007
COMPRESSED = 0x40  # RSV1, RFC 7692


def judge_close(payload: bytes) -> int | None:
    """Return the code that answers an invalid close frame's payload, None for a valid one (RFC 6455 7.4)."""
    if not payload:
        return None
    if len(payload) == 1:
        return PROTOCOL_ERROR
    (code,) = struct.unpack_from("!H", payload)
    if not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
        return PROTOCOL_ERROR
    return None if is_text(payload[2:]) else INVALID_PAYLOAD


def is_text(data: bytes) -> bool:
    """Tell whether it is valid UTF-8."""
    try:
        return data.isascii() or bool(data.decode())
    except UnicodeDecodeError:
        return False


class LineProtocol(WebSocketProtocol13):
    """Tornado's protocol, sharing its stream with a SocketLine and strict about close frames."""

    # Slots beside Tornado's attributes: one more in the instance's dict would double that.
    __slots__ = ("_reading", "line")

    def __init__(self, handler: WebSocketHandler, limit: int, *, compress: bool) -> None:
        deflate: dict[str, Any] | None = {} if compress else None
        super().__init__(handler, False, _WebSocketParams(None, None, limit, deflate))
        self.line: SocketLine | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def compress(self) -> Callable[[bytes], bytes] | None:
        """Return the negotiated compressor."""
        return None if self._compressor is None else self._compressor.compress

    def _write_frame(self, fin: bool, opcode: int, data: bytes, flags: int = 0) -> asyncio.Future[None]:
        try:
            written = super()._write_frame(fin, opcode, data, flags)
        except StreamBufferFullError as error:
            # Tornado's callers expect only this one, and there is no way to go on.
            self.stream.close(exc_info=error)
            raise StreamClosedError(real_error=error) from error
        if self.line is not None:
            self.line.hold(written)
        return written

    async def _receive_frame_loop(self) -> None:
        """Read in a task of its own: the request's is over, and its frames would cost a KiB and a half."""
        self._reading = asyncio.create_task(self._read_frames())

    async def _read_frames(self) -> None:
        try:
            await super()._receive_frame_loop()
        except ValueError:
            self._abort()

    def on_connection_close(self) -> None:
        """Part with the line, so that what is over goes without a visit of the garbage collector."""
        super().on_connection_close()
        if self.line is not None:
            self.line.part()
            self.line = None

    def _handle_message(self, opcode: int, data: bytes) -> asyncio.Future[None] | None:
        if not self.client_terminated and (code := self._judge(opcode, data)) is not None:
            self.client_terminated = True
            self.close(code)
            return None
        return super()._handle_message(opcode, data)

    def _judge(self, opcode: int, data: bytes) -> int | None:
        """Return the code that answers what no client may send; Tornado would hang up without one."""
        if opcode == CLOSE:
            return judge_close(data)
        if opcode == TEXT_OPCODE and not self._frame_compressed and not is_text(data):
            return INVALID_PAYLOAD
        return None


class DeflatedLine(SocketLine):
    """A SocketLine whose messages are compressed, each anew: the compressor remembers what went before."""

    __slots__ = ("_compress",)

    def __init__(self, protocol: LineProtocol, compress: Callable[[bytes], bytes]) -> None:
        super().__init__(protocol.stream, protocol.close)
        self._compress = compress

    def send(self, message: Message) -> bool:
        """Take the message, unless busy."""
        if self.busy:
            return False
        frame = encode_frame(self._compress(message.payload), TEXT | COMPRESSED)
        return super().send(Message(message.payload, frame))


def read_credentials(request: HTTPServerRequest) -> Credentials:
    """Take what the upgrade request says about who is asking."""
    headers = {name.lower(): value for name, value in request.headers.get_all()}
    cookies = {name: morsel.value for name, morsel in request.cookies.items()}
    return Credentials(authorization=headers.get("authorization", ""), headers=headers, cookies=cookies)


def is_own_origin(origin: str, host: str) -> bool:
    """Tell whether a browser's Origin is the host that it asked."""
    try:
        netloc = urlsplit(origin).netloc
    except ValueError:
        return False
    return bool(netloc) and netloc.lower() == host.lower()


class SocketHandler(WebSocketHandler):
    """One WebSocket of the hub.

    `allows_origin` says from which foreign origins browsers may come, `compress` whether
    permessage-deflate is offered.
    """

    __slots__ = ("_allows_origin", "_compress", "_connection", "_dialogue")

    def initialize(
        self,
        hub: Hub,
        authenticate: Authenticate,
        allows_origin: Callable[[str], bool],
        compress: bool = False,
    ) -> None:
        """Take what the route was given."""
        self._dialogue = Dialogue(hub, authenticate)
        self._allows_origin = allows_origin
        self._compress = compress
        self._connection: Connection | None = None

    def prepare(self) -> None:
        """Turn away pages of foreign sites; a client without Origin is no browser."""
        origin = self.request.headers.get("Origin")
        if origin is None or is_own_origin(origin, self.request.host) or self._allows_origin(origin):
            return
        self.set_status(403)
        self.finish("this origin may not connect")

    def check_origin(self, origin: str) -> bool:
        """Accept what `prepare` let pass."""
        return True

    def get_websocket_protocol(self) -> LineProtocol | None:
        """Return the protocol, or None for a version that it is not."""
        if self.request.headers.get("Sec-WebSocket-Version") != "13":
            return None
        limit = self._dialogue.hub.limits.max_message_bytes
        return LineProtocol(self, limit, compress=self._compress)

    def open(self) -> None:
        """Join the hub."""
        protocol = self.ws_connection
        if not isinstance(protocol, LineProtocol):
            raise TypeError(type(protocol))
        hub = self._dialogue.hub
        protocol.stream.set_nodelay(True)
        protocol.stream.max_write_buffer_size = hub.limits.send_buffer_bytes + CONTROL_BYTES
        deflate = protocol.compress
        line = DeflatedLine(protocol, deflate) if deflate else SocketLine(protocol.stream, protocol.close)
        protocol.line = line
        self._connection = Connection(hub, line, read_credentials(self.request))
        line.call_when_drained(self._connection.flush)
        self._shed_request()
        self._connection.open()

    def _shed_request(self) -> None:
        """Let go of what the handshake needed and an open line does not: some KiB."""
        self.request.headers = self._headers = HTTPHeaders()
        self.request.connection = None
        self.request.server_connection = None
        self.ui = ObjectDict()
        del self._allows_origin

    def on_message(self, message: str | bytes) -> Awaitable[None] | None:
        """Hand a message on; the next one is read when this one is done with."""
        connection = self._connection
        if connection is None or connection.closed:
            return None
        if message == PONG:
            connection.pong()
            return None
        if isinstance(message, bytes):
            connection.close(CloseCode.BAD_REQUEST)
            return None
        return self._dialogue.receive(connection, message)

    def on_close(self) -> None:
        """Leave the hub."""
        if self._connection is not None:
            self._connection.lost()
            self._connection = None
