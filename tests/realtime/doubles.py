"""Stand-ins for what surrounds the hub: a namespace in memory, a transport without a socket, a clock."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from realtime.channels import Change, ErrorCode, Identity, Namespace, Past, Publication, Refusal, Span, State
from realtime.codes import CloseCode, Disconnect
from realtime.connection import Connection, Credentials
from realtime.dialogue import Dialogue
from realtime.frames import Message
from realtime.hub import Hub
from realtime.limits import Limits


@dataclass(frozen=True, slots=True)
class Stored:
    """A change as a store would report it."""

    collection: str
    operation: str
    id: object
    document: Mapping[str, Any] | None


def make_state(offset: int, epoch: str = "e", size: int = 0) -> State:
    """Return a state whose data repeats its offset."""
    return State(epoch, offset, json.dumps({"version": offset, "filler": "x" * size}).encode())


class Polls:
    """A namespace of polls kept in a dict; polls named `secret…` are for nobody."""

    name = "polls"
    boundary = ":"
    collections = frozenset({"poll_stats"})

    def __init__(self) -> None:
        self.states: dict[str, State] = {"1": make_state(1), "2": make_state(1)}
        self.reads = 0
        self.gate: asyncio.Event | None = None
        self.reading = asyncio.Event()
        self.failure: Exception | None = None

    async def authorise(self, who: Identity, key: str) -> None:
        """Refuse secret polls."""
        if key.startswith("secret"):
            raise Refusal(ErrorCode.PERMISSION_DENIED)

    async def read(self, key: str) -> State | None:
        """Take the state, then dawdle while the gate is shut: the answer is as old as the read's begin."""
        self.reads += 1
        state = self.states.get(key)
        self.reading.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return state

    def project(self, change: Change) -> Iterable[tuple[str, State | None]]:
        """Take the document's version; a poll named `odd` cannot be projected."""
        if change.id == "odd":
            raise ValueError("odd")
        state = None if change.document is None else make_state(change.document["version"])
        yield str(change.id), state

    async def listed(self, who: Identity) -> Sequence[str]:
        """Name all polls."""
        return [f"polls:{key}" for key in self.states]


class Notes:
    """A namespace of streams kept in memory, of which `kept` messages are remembered; for users alone."""

    name = "notes"
    boundary = ":"
    collections = frozenset({"notes"})

    def __init__(self, kept: int = 100) -> None:
        self.epoch = "e"
        self.kept = kept
        self.said: list[Publication] = []
        self.gate: asyncio.Event | None = None
        self.reading = asyncio.Event()
        self.spans: list[Span] = []

    def say(self, size: int = 0) -> Publication:
        """Commit the next message."""
        offset = len(self.said) + 1
        data = json.dumps({"version": offset, "filler": "x" * size}).encode()
        self.said.append(Publication(self.epoch, offset, data))
        return self.said[-1]

    async def authorise(self, who: Identity, key: str) -> None:
        """Refuse strangers."""
        if who.anonymous and key == "private":
            raise Refusal(ErrorCode.PERMISSION_DENIED)

    async def recall(self, key: str, span: Span) -> Past:
        """Take the history, then dawdle while the gate is shut."""
        self.spans.append(span)
        past = self._look(span)
        self.reading.set()
        if self.gate is not None:
            await self.gate.wait()
        return past

    def _look(self, span: Span) -> Past:
        kept, top = self.said[-self.kept :], len(self.said)
        whole = True
        if span.since is not None:
            since = span.since.offset
            kept = [each for each in kept if (each.offset < since if span.reverse else each.offset > since)]
            whole = span.since.epoch == self.epoch and since <= top
            whole = whole and (span.reverse or len(kept) == top - since)
        kept = kept[::-1] if span.reverse else kept
        return Past(self.epoch, top, tuple(kept[: span.limit] if whole else ()), whole)

    def project(self, change: Change) -> Iterable[tuple[str, Publication | None]]:
        """Take the message with the document's offset."""
        assert change.document is not None
        yield str(change.id), self.said[change.document["offset"] - 1]

    async def listed(self, who: Identity) -> Sequence[str]:
        """Name nothing."""
        return []


class Wire:
    """A transport that notes what was sent, and is as slow as the test says."""

    def __init__(self) -> None:
        self.busy = False
        self.sent: list[bytes] = []
        self.code: int | None = None
        self._moved = asyncio.Event()

    def send(self, message: Message) -> bool:
        """Note the message, unless busy."""
        if self.busy:
            return False
        assert self.code is None, "sent after the close"
        self.sent.append(message.payload)
        self._moved.set()
        return True

    def close(self, code: int, reason: str) -> None:
        """Note the code."""
        self.code = code
        self._moved.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what the hub does next until the condition holds."""
        while not condition():
            self._moved.clear()
            await self._moved.wait()

    def lines(self) -> list[dict[str, Any]]:
        """Return everything sent so far, line by line."""
        return [json.loads(line) for payload in self.sent for line in payload.split(b"\n")]

    def versions(self) -> list[int]:
        """Return the versions that were received, by reply or push, for a client of one channel."""
        return list(self._versions())

    def _versions(self) -> Iterator[int]:
        for line in self.lines():
            if "pub" in line.get("push", {}):
                yield line["push"]["pub"]["data"]["version"]
            for publication in line.get("subscribe", {}).get("publications", ()):
                yield publication["data"]["version"]


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


async def recognise(credentials: Credentials) -> Identity:
    """Know a few tokens: `user:ID[:EXPIRES]`, `expired`, `broken`; none is anonymous."""
    shown = credentials.token or credentials.authorization or credentials.cookies.get("session", "")
    if shown == "expired":
        raise Refusal(ErrorCode.TOKEN_EXPIRED)
    if shown == "broken":
        raise RuntimeError("the database is away")
    if not shown:
        return Identity()
    kind, _, rest = shown.partition(":")
    if kind != "user":
        raise Disconnect(CloseCode.INVALID_TOKEN)
    user, _, expires = rest.partition(":")
    return Identity(user, expires_at=float(expires) if expires else None)


@dataclass
class Bench:
    """A hub with all that surrounds it."""

    limits: Limits = field(default_factory=Limits)
    polls: Polls = field(default_factory=Polls)
    clock: Clock = field(default_factory=Clock)
    others: Sequence[Namespace] = ()

    def __post_init__(self) -> None:
        spaces = [self.polls, *self.others]
        self.hub = Hub(spaces, self.limits, version="0", clock=self.clock, monotonic=self.clock)
        self.dialogue = Dialogue(self.hub, recognise)

    def open(self, **shown: Any) -> tuple[Connection, Wire]:
        """Open a connection that has not said anything yet."""
        wire = Wire()
        connection = Connection(self.hub, wire, Credentials(**shown))
        connection.open()
        return connection, wire

    async def say(self, connection: Connection, *commands: Mapping[str, Any]) -> None:
        """Let the client send commands in one message and the turn pass."""
        await self.dialogue.receive(connection, "\n".join(json.dumps(command) for command in commands))
        await self.settle()

    async def connect(self, *channels: str) -> tuple[Connection, Wire]:
        """Open a connection, introduce it and subscribe."""
        connection, wire = self.open()
        await self.say(connection, {"id": 1, "connect": {}})
        for number, channel in enumerate(channels, 2):
            await self.say(connection, {"id": number, "subscribe": {"channel": channel}})
        return connection, wire

    async def settle(self) -> None:
        """Let everything that is due be delivered."""
        for _ in range(6):
            await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        """Let time pass, and the wheel turn."""
        self.clock.now += seconds
        self.hub.wheel.turn(self.clock.now)
