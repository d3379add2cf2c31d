"""Server-sent events: a client that can only listen, over an HTTP answer that does not end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

from tornado.iostream import IOStream

from realtime.codes import CloseCode
from realtime.connection import Connection
from realtime.frames import Message, SocketLine
from realtime.protocol import encode_disconnection

FAREWELL = 2.0  # seconds that a client has to take the end of its stream

# An EventSource asks again after a stream that ended, but not after an answer with an error's status.
STATUSES: Mapping[int, int] = {
    CloseCode.INVALID_TOKEN: 401,
    CloseCode.FORCED: 401,
    CloseCode.BAD_REQUEST: 400,
    CloseCode.CHANNEL_LIMIT: 400,
}
UNAVAILABLE = 503


class Answer(Protocol):
    """An HTTP answer under way."""

    @property
    def stream(self) -> IOStream:
        """Return what carries it."""

    @property
    def begun(self) -> bool:
        """Tell whether its head is out."""

    @property
    def chunked(self) -> bool:
        """Tell whether its body consists of chunks, since HTTP/1.1."""

    def begin(self, status: int) -> None:
        """Take the status of the head, which goes out with what is written first."""

    def write(self, data: bytes) -> asyncio.Future[None]:
        """Write a part; the future is done when the socket has taken it."""

    def end(self) -> asyncio.Future[None]:
        """End the answer."""

    def abort(self) -> None:
        """Cut the connection."""


class EventLine(SocketLine):
    """A Transport over an answer; behind its head, chunks go straight to the socket, as frames do."""

    __slots__ = ("_answer", "_straight")

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.stream)
        self._answer = answer
        self._straight = False

    def send(self, message: Message) -> bool:
        """Take the message, unless busy."""
        if self._straight:
            return super().send(message.chunked)
        if self.busy:
            return False
        written = self._answer.write(message.chunked.payload)
        self._straight = self._answer.chunked
        self.hold(written)
        return True

    def close(self, code: int, reason: str) -> None:
        """Say why, and end; a client that is too slow for that is cut off."""
        if self.busy:
            self._answer.abort()
            return
        self.conclude(Message(encode_disconnection(code, reason)), STATUSES.get(code, UNAVAILABLE))

    def conclude(self, message: Message, status: int) -> None:
        """Say a last thing, under the status where nothing was said yet."""
        if not self._answer.begun:
            self._answer.begin(status)
        self.send(message)
        asyncio.get_running_loop().call_later(FAREWELL, self._check_end, self._answer.end())

    def _check_end(self, ended: asyncio.Future[None]) -> None:
        if not ended.done():
            self._answer.abort()


class Listener(Connection):
    """A client that can only listen: it never says pong, and can't subscribe again by itself."""

    __slots__ = ()

    def _ping(self, now: float) -> None:
        super()._ping(now)
        self.pong()

    def dismiss(self, message: Message) -> None:
        """Say that a subscription has ended, and have the client connect anew to ask for it again."""
        self.answer(message)
        self.close(CloseCode.CLOSED)
