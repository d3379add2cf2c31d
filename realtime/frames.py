"""The seam to Tornado's streams: messages framed once for everybody, and the way to one socket."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Sequence
from typing import Protocol

from tornado.iostream import IOStream, SSLIOStream, StreamBufferFullError, StreamClosedError

PUSH = b'{"push":'  # what every push begins with
TEXT = 0x81  # a whole text frame; a server does not mask (RFC 6455 section 5.1)


def encode_frame(payload: bytes, first: int = TEXT) -> bytes:
    """Return the payload as one unmasked RFC 6455 frame that starts with the given byte."""
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", first, size) + payload
    if size <= 0xFFFF:
        return struct.pack("!BBH", first, 126, size) + payload
    return struct.pack("!BBQ", first, 127, size) + payload


def encode_events(payload: bytes) -> bytes:
    """Return the payload's lines as server-sent events; a push goes without its wrapper, as in Centrifugo."""
    bare = (
        line[len(PUSH) : -1] if line.startswith(PUSH) else line  # ends with the wrapper's brace
        for line in payload.split(b"\n")
    )
    return b"".join(b"data: " + line + b"\n\n" for line in bare)


def encode_chunk(payload: bytes) -> bytes:
    """Return the payload as one chunk of an HTTP/1.1 body (RFC 9112 section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(payload), payload)


class Message:
    """What goes to a client, encoded once however many receive it."""

    __slots__ = ("_chunked", "frame", "payload")

    def __init__(self, payload: bytes, frame: bytes | None = None) -> None:
        self.payload = payload
        self.frame = encode_frame(payload) if frame is None else frame
        self._chunked: Message | None = None

    @property
    def chunked(self) -> Message:
        """Return it for those who read server-sent events: as such, and framed as a chunk."""
        if self._chunked is None:
            events = encode_events(self.payload)
            self._chunked = Message(events, encode_chunk(events))
        return self._chunked


def join_messages(messages: Sequence[Message]) -> Message:
    """Put several messages into one, a line each."""
    if len(messages) == 1:
        return messages[0]
    return Message(b"\n".join([message.payload for message in messages]))


class Joints:
    """Joins like `join_messages`, once for all receivers of the same messages."""

    def __init__(self) -> None:
        self._joined: dict[tuple[Message, ...], Message] = {}

    def __call__(self, messages: Sequence[Message]) -> Message:
        """Return the joint of the messages, made before where possible."""
        if len(messages) == 1:
            return messages[0]
        key = tuple(messages)
        joined = self._joined.get(key)
        if joined is None:
            joined = self._joined[key] = join_messages(key)
        return joined


class Transport(Protocol):
    """The way to one client; takes a message at a time, the rest waits in the connection's outbox."""

    @property
    def busy(self) -> bool:
        """Tell whether an earlier message is still on its way."""

    def send(self, message: Message) -> bool:
        """Take the message, unless busy."""

    def close(self, code: int, reason: str) -> None:
        """Say good-bye and end."""


class SocketLine:
    """A Transport over a WebSocket's stream.

    A frame goes straight to the socket while nothing waits before it: a third of the cost of
    `IOStream.write`. What the socket does not take is left to the stream, and the line is busy until it
    is out. Whoever else writes to the stream must say so with `hold`, or frames would mix.
    """

    __slots__ = ("_drained", "_hang_up", "_stream", "_write", "busy")

    def __init__(self, stream: IOStream, hang_up: Callable[[int, str], None] | None = None) -> None:
        self._stream = stream
        # TLS has buffers of its own: only the stream may write there.
        self._write: Callable[[bytes], int] | None = None
        if not isinstance(stream, SSLIOStream):
            self._write = stream.socket.send
        self._hang_up = hang_up
        self._drained: Callable[[], None] | None = None
        self.busy = False

    def call_when_drained(self, drained: Callable[[], None]) -> None:
        """Call back each time that the line can take messages again."""
        self._drained = drained

    def send(self, message: Message) -> bool:
        """Take the message, unless busy; a socket that fails closes its stream."""
        if self.busy:
            return False
        frame = message.frame
        sent = 0
        if self._write is not None:
            try:
                sent = self._write(frame)
            except BlockingIOError:
                pass
            except OSError as error:
                self._stream.close(exc_info=error)
                return True
            if sent == len(frame):
                return True
        self._leave_to_stream(frame, sent)
        return True

    def _leave_to_stream(self, frame: bytes, sent: int) -> None:
        try:
            self.hold(self._stream.write(memoryview(frame)[sent:] if sent else frame))
        except StreamClosedError:
            return
        except StreamBufferFullError as error:
            # Half a frame is out already: nothing can follow it.
            self._stream.close(exc_info=error)

    def hold(self, written: asyncio.Future[None]) -> None:
        """Be busy until a write to the stream is out."""
        if not written.done():
            self.busy = True
            written.add_done_callback(self._resume)

    def _resume(self, _written: asyncio.Future[None]) -> None:
        if self.busy and not self._stream.closed() and not self._stream.writing():
            self.busy = False
            if self._drained is not None:
                self._drained()

    def part(self) -> None:
        """Forget whom it called back, once the stream is closed."""
        self._drained = None

    def close(self, code: int, reason: str) -> None:
        """Start the closing handshake."""
        if self._hang_up is not None:
            self._hang_up(code, reason)
