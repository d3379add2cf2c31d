"""What lives on all processes: channels with their numbers, and the connections of one user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, Self

from realtime.channel import PENDING, Channel, StateChannel
from realtime.reading import SharedRead

if TYPE_CHECKING:
    from realtime.hub import Hub

PROCESS, SEATS = "process", "seats"  # kinds of questions
MOST_CHANNELS = 500  # of one process, those with most subscribers
MOST_SEATS = 200  # of one user on one process
MOST_LISTED = 50  # channels of one connection
MOST_READERS = 100  # questions to the other processes that may be shared


@dataclass(frozen=True, slots=True)
class ChannelCount:
    """A channel on one process; `published` only grows while somebody listens there, and begins at 0."""

    name: str
    kind: str
    subscribers: int
    published: int

    @classmethod
    def of(cls, channel: Channel) -> Self:
        """Count one that is open here."""
        kind = "state" if isinstance(channel, StateChannel) else "stream"
        listening = sum(offset != PENDING for offset in channel.subscribers.values())
        return cls(channel.name, kind, listening, channel.published)


@dataclass(frozen=True, slots=True)
class ProcessCount:
    """One process: totals since its start, and its channels; `more` were left out."""

    node: str
    connections: int
    subscriptions: int
    publications: int
    deliveries: int
    channels: tuple[ChannelCount, ...]
    more: int

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Self:
        """Read what a process answered."""
        channels = tuple(ChannelCount(*each) for each in facts["channels"])
        return cls(**{**facts, "channels": channels})


@dataclass(frozen=True, slots=True)
class Seat:
    """A live connection of a user: on which process, opened by what kind of credential, to which channels."""

    node: str
    client: str
    credential: str
    channels: tuple[str, ...]

    @classmethod
    def of(cls, facts: Sequence[Any]) -> Self:
        """Read what a process answered."""
        node, client, credential, channels = facts
        return cls(node, client, credential, tuple(channels))


class Elsewhere(Protocol):
    """The other processes."""

    async def inquire(self, kind: str, subject: str) -> Sequence[Mapping[str, Any]]:
        """Return what those that are alive, and answer in time, say about themselves."""


class Inventory:
    """Answers for this process, and asks all others; nothing is kept."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._readers: dict[tuple[str, str], SharedRead[Sequence[Mapping[str, Any]]]] = {}
        self.elsewhere: Elsewhere | None = None

    def here(self, kind: str, subject: str) -> Mapping[str, Any]:
        """Return what this process says about itself; nothing where the question is of a newer version."""
        if kind == PROCESS:
            return self._count()
        return {"seats": self._list_seats(subject)} if kind == SEATS else {}

    def _count(self) -> Mapping[str, Any]:
        hub = self._hub
        found = sorted(hub.channels.values(), key=lambda each: -len(each.subscribers))
        counts = [ChannelCount.of(channel) for channel in found[:MOST_CHANNELS]]
        return {
            "node": hub.node,
            "connections": len(hub.connections),
            "subscriptions": hub.subscriptions,
            "publications": hub.publications,
            "deliveries": hub.deliveries,
            "channels": [[each.name, each.kind, each.subscribers, each.published] for each in counts],
            "more": max(0, len(found) - MOST_CHANNELS),
        }

    def _list_seats(self, user: str) -> list[list[Any]]:
        mine = [
            each for each in self._hub.connections if each.identity is not None and each.identity.user == user
        ]
        return [
            [
                self._hub.node,
                each.client,
                each.identity.credential.partition(":")[0] if each.identity is not None else "",
                list(each.channels)[:MOST_LISTED],
            ]
            for each in mine[:MOST_SEATS]
        ]

    async def processes(self) -> Sequence[ProcessCount]:
        """Return every process, this one first."""
        found = [self._count(), *await self._ask(PROCESS, "")]
        return [ProcessCount.of(facts) for facts in found if facts]

    async def seats(self, user: str) -> Sequence[Seat]:
        """Return the live connections of a user on all processes."""
        rows = self._list_seats(user)
        for facts in await self._ask(SEATS, user):
            rows += facts.get("seats", ())
        return [Seat.of(row) for row in rows]

    async def _ask(self, kind: str, subject: str) -> Sequence[Mapping[str, Any]]:
        """Ask the other processes; all who want to know the same share a question."""
        if self.elsewhere is None:
            return ()
        if len(self._readers) > MOST_READERS:
            self._readers.clear()
        reader = self._readers.get((kind, subject))
        if reader is None:
            reader = SharedRead(partial(self.elsewhere.inquire, kind, subject))
            self._readers[kind, subject] = reader
        return await reader()
