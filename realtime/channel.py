"""One channel of the hub: who hears it, and what it has to say; the kind whose newest state counts alone."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from realtime.channels import Namespace, Past, Publication, State, StateNamespace
from realtime.codes import ErrorCode, Refusal
from realtime.frames import Message
from realtime.protocol import Position, Subscribed, encode_publication
from realtime.reading import SharedRead

if TYPE_CHECKING:
    from realtime.connection import Connection

PENDING = math.inf  # as a subscriber's offset: nothing reaches it before its own reply


class Said(NamedTuple):
    """A message on its way to those whose offset is lower; of one key only the newest has to arrive."""

    key: object
    message: Message
    offset: int


class Channel(ABC):
    """A channel that somebody listens to.

    `subscribers` maps each connection to the offset that its own reply carried: what is still on its way
    through the list of receivers, and older, passes it by. `mark` is that of its last doubt, `published`
    counts what it has said since somebody listens.
    """

    __slots__ = ("delayed", "key", "mark", "name", "namespace", "published", "spoke_at", "subscribers")

    def __init__(self, name: str, namespace: Namespace, key: str) -> None:
        self.name = name
        self.namespace = namespace
        self.key = key
        self.subscribers: dict[Connection, float] = {}
        self.spoke_at = -math.inf
        self.delayed = False
        self.published = 0
        self.mark: Hashable = None

    @abstractmethod
    async def read(self, position: Position) -> Any:
        """Read what a new subscriber has to be told; raises Refusal where there is no such channel."""

    @abstractmethod
    def contradicts(self, found: Publication | Past) -> bool:
        """Tell whether what was found can't follow what the subscribers have."""

    @abstractmethod
    def forget(self) -> None:
        """Begin anew, without what is known of an older epoch."""

    @abstractmethod
    def welcome(self, found: Any, position: Position) -> Subscribed:
        """Tell a new subscriber where the channel stands; raises Refusal where it has to ask again."""

    @abstractmethod
    def observe(self, publication: Publication) -> bool:
        """Take note of what is to be said; False where it is known already."""

    @abstractmethod
    def speak(self, now: float) -> Sequence[Said]:
        """Return what was not said yet."""

    def behind(self) -> bool:
        """Tell whether a subscriber lacks something that only a read has shown."""
        return False


class StateChannel(Channel):
    """Says its newest state."""

    __slots__ = ("_reader", "latest", "sent")

    def __init__(self, name: str, namespace: StateNamespace, key: str) -> None:
        super().__init__(name, namespace, key)
        self._reader: SharedRead[State | None] = SharedRead(lambda: namespace.read(key))
        self.latest: Publication | None = None
        self.sent = -1

    async def current(self) -> State | None:
        """Read the state as it is now, together with all who ask."""
        return await self._reader()

    async def read(self, position: Position) -> State:
        """Read the state; the same for every position."""
        state = await self.current()
        if state is None:
            raise Refusal(ErrorCode.UNKNOWN_CHANNEL)
        return state

    def contradicts(self, found: Publication | Past) -> bool:
        """Tell whether it belongs to another epoch than what the subscribers have."""
        return self.latest is not None and self.latest.epoch != found.epoch

    def forget(self) -> None:
        """Let the next state be the first."""
        self.latest = None
        self.sent = -1

    def welcome(self, found: State, position: Position) -> Subscribed:
        """Show the newest state, be it the one that was read or one that was published meanwhile."""
        self.observe(found)
        return catch_up(self.latest or found, position)

    def observe(self, publication: Publication) -> bool:
        """Take note of a state, wherever it comes from, unless a newer one is known."""
        newer = self.latest is None or publication.offset > self.latest.offset
        if newer:
            self.latest = publication
        return newer

    def speak(self, now: float) -> Sequence[Said]:
        """Return the newest state, unless it went out already."""
        self.delayed = False
        if self.latest is None or self.latest.offset <= self.sent:
            return ()
        self.spoke_at = now
        self.sent = self.latest.offset
        return (Said(self.name, Message(encode_publication(self.name, self.latest)), self.sent),)

    def behind(self) -> bool:
        """Tell whether a subscriber has an older state than the newest, which was not sent."""
        newest = self.latest.offset if self.latest is not None else -1
        return newest > self.sent and any(offset < newest for offset in self.subscribers.values())


def catch_up(state: Publication, position: Position) -> Subscribed:
    """Tell a subscriber of a state channel what it lacks.

    The newest object replaces everything a client may have missed, so recovery always succeeds; whoever
    has it already is not sent it again.
    """
    known = position.recover and (position.epoch, position.offset) == (state.epoch, state.offset)
    return Subscribed(
        state.epoch,
        state.offset,
        () if known else (state,),
        was_recovering=position.recover,
        recovered=position.recover,
    )
