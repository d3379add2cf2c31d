"""One channel of the hub: its newest state, who hears it, and when it may speak again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from realtime.channels import State, StateNamespace
from realtime.frames import Message
from realtime.protocol import encode_publication
from realtime.reading import SharedRead

if TYPE_CHECKING:
    from realtime.connection import Connection

PENDING = math.inf  # as a subscriber's offset: nothing reaches it before its own reply


class Channel:
    """A channel that somebody listens to.

    `subscribers` maps each connection to the offset that its own reply carried: an older state that is
    still on its way through the list of receivers passes it by.
    """

    __slots__ = ("delayed", "key", "latest", "name", "namespace", "read", "sent", "spoke_at", "subscribers")

    def __init__(self, name: str, namespace: StateNamespace, key: str) -> None:
        self.name = name
        self.namespace = namespace
        self.key = key
        self.read = SharedRead(self._read)
        self.subscribers: dict[Connection, float] = {}
        self.latest: State | None = None
        self.sent = -1
        self.spoke_at = -math.inf
        self.delayed = False

    async def _read(self) -> State | None:
        return await self.namespace.read(self.key)

    def observe(self, state: State) -> None:
        """Take note of a state, wherever it comes from, unless a newer one is known."""
        if self.latest is None or self.latest.epoch != state.epoch or state.offset > self.latest.offset:
            self.latest = state

    def contradicts(self, state: State) -> bool:
        """Tell whether the state belongs to another epoch than what the subscribers have."""
        return self.latest is not None and self.latest.epoch != state.epoch

    def speak(self, now: float) -> tuple[Message, int] | None:
        """Return the newest state as a message with its offset, unless it went out already."""
        self.delayed = False
        if self.latest is None or self.latest.offset <= self.sent:
            return None
        self.spoke_at = now
        self.sent = self.latest.offset
        return Message(encode_publication(self.name, self.latest)), self.sent

    def behind(self) -> bool:
        """Tell whether a subscriber has an older state than the newest, which was not sent."""
        newest = self.latest.offset if self.latest is not None else -1
        return newest > self.sent and any(offset < newest for offset in self.subscribers.values())
