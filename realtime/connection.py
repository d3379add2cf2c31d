"""One client: its identity, its subscriptions, its deadlines, and what waits for its socket."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from realtime.channels import Identity
from realtime.codes import CloseCode
from realtime.frames import Message, Transport, join_messages
from realtime.protocol import PING

if TYPE_CHECKING:
    from realtime.channel import Channel
    from realtime.hub import Hub

NEVER = math.inf
PING_MESSAGE = Message(PING)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Whatever a client shows to say who it is; names of headers are in lower case.

    `token` is the connect request's; `authorization` is the connect request's header or else the
    upgrade's.
    """

    token: str = ""
    authorization: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)


class Connection:
    """A client of the hub, whatever carries its bytes."""

    __slots__ = (
        "_hub",
        "_ping_at",
        "_pong_by",
        "_queued",
        "_stale_at",
        "channels",
        "client",
        "closed",
        "credentials",
        "expires_at",
        "identity",
        "outbox",
        "transport",
    )

    def __init__(self, hub: Hub, transport: Transport, credentials: Credentials) -> None:
        self._hub = hub
        self.transport = transport
        self.outbox: dict[object, Message] | None = None
        self._queued = 0
        self._ping_at = NEVER
        self._pong_by = NEVER
        self._stale_at = NEVER
        self.expires_at = NEVER
        self.credentials: Credentials | None = credentials
        self.identity: Identity | None = None
        self.channels: dict[str, Channel] = {}
        self.client = ""
        self.closed = False

    # Life

    def open(self) -> None:
        """Join the hub, if it has room; the client now has to introduce itself in time."""
        refused = self._hub.add(self)
        if refused is not None:
            self.close(refused)
            return
        self._stale_at = self._hub.monotonic() + self._hub.limits.connect_seconds
        self._sleep()

    def admit(self, identity: Identity, client: str) -> None:
        """Let the client in as the identity."""
        self.credentials = None
        self.client = client
        self._stale_at = NEVER
        self._ping_at = self._hub.monotonic() + self._hub.limits.ping_seconds
        self.identify(identity)

    def identify(self, identity: Identity) -> None:
        """Take over an identity and the time it holds."""
        self.identity = identity
        self.expires_at = NEVER
        if identity.expires_at is not None:
            left = identity.expires_at - self._hub.clock()
            self.expires_at = self._hub.monotonic() + left + self._hub.limits.grace_seconds
        self._sleep()

    def close(self, code: CloseCode) -> None:
        """End the connection from this side; what can still go out goes out first."""
        if self.closed:
            return
        self.flush()
        self._retire()
        self.transport.close(code, code.text)

    def lost(self) -> None:
        """Forget everything: the socket is gone."""
        self._retire()
        self._hub.remove(self)

    def _retire(self) -> None:
        self.closed = True
        self._hub.leave_all(self)
        self.outbox = None
        self.credentials = None

    # Deadlines

    def wake(self, now: float) -> None:
        """Do what is due: a ping, or an end to a client that is overdue."""
        if self.closed:
            return
        overdue = self._find_overdue(now)
        if overdue is not None:
            self.close(overdue)
            return
        if self._ping_at <= now:
            self._ping(now)
        if not self.closed:
            self._sleep()

    def _find_overdue(self, now: float) -> CloseCode | None:
        if self._stale_at <= now:
            return CloseCode.STALE
        if self.expires_at <= now:
            return CloseCode.EXPIRED
        return CloseCode.NO_PONG if self._pong_by <= now else None

    def _ping(self, now: float) -> None:
        self._ping_at = now + self._hub.limits.ping_seconds
        self._pong_by = min(self._pong_by, now + self._hub.limits.pong_seconds)
        self.deliver("", PING_MESSAGE)

    def pong(self) -> None:
        """Take note that the client lives."""
        self._pong_by = NEVER

    def _sleep(self) -> None:
        soonest = min(self._stale_at, self.expires_at, self._pong_by, self._ping_at)
        self._hub.wheel.schedule(self, soonest)

    # What goes out

    def deliver(self, key: object, message: Message) -> None:
        """Hand a message out now or, while the socket is busy, keep the newest of its key."""
        if self.outbox or not self.transport.send(message):
            self.keep(key, message)

    def keep(self, key: object, message: Message) -> None:
        """Put a message into the outbox, in place of an older one with the same key."""
        if self._queued + len(message.payload) > self._hub.limits.send_buffer_bytes:
            # A burst alone makes nobody slow: what the socket takes at once does not wait.
            self.flush()
        if self.closed:
            return
        if self.outbox is None:
            self.outbox = {}
        # Taken out, not overwritten: a state must stand behind the reply to its own subscription.
        older = self.outbox.pop(key, None)
        self.outbox[key] = message
        self._queued += len(message.payload) - (len(older.payload) if older is not None else 0)
        if self._queued > self._hub.limits.send_buffer_bytes:
            self.outbox = None
            self._hub.slow_disconnects += 1
            self.close(CloseCode.SLOW)

    def flush(self, join: Callable[[Sequence[Message]], Message] = join_messages) -> None:
        """Send all that waits as one message, unless the socket is still busy."""
        if self.outbox and not self.transport.busy:
            messages = tuple(self.outbox.values())
            self.outbox = None
            self._queued = 0
            self.transport.send(join(messages))

    def answer(self, message: Message) -> None:
        """Send what must neither be lost nor replaced, together with the rest of this turn."""
        self.keep(object(), message)
        self._hub.flush_soon(self)

    def dismiss(self, message: Message) -> None:
        """Say that a subscription has ended; the client may ask again."""
        self.answer(message)
