"""Hands what changed in one turn of the loop to everybody who listens, a slice of them at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from realtime.channel import PENDING, Channel, Said
from realtime.connection import Connection
from realtime.frames import Joints

SLICE = 500  # receivers, about 2 ms, before others get their turn on the loop

Item = TypeVar("Item")


def cut(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Cut a snapshot of the items into slices."""
    rest = iter(list(items))
    while part := list(islice(rest, SLICE)):
        yield part


class FanOut:
    """Delivers what the channels that are due have to say; what comes meanwhile is the next round.

    One round runs at a time, so nobody receives something older after something newer.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._due: dict[Channel, None] = {}
        self._round: asyncio.Task[None] | None = None
        self.publications = 0
        self.deliveries = 0

    def add(self, channel: Channel) -> None:
        """Deliver what the channel has to say with the next round."""
        self._due[channel] = None
        if self._round is None:
            self._round = asyncio.create_task(self._run())

    async def settle(self, seconds: float | None = None) -> None:
        """Wait until nothing is due any more, or for so long."""
        if self._round is not None:
            await asyncio.wait([self._round], timeout=seconds)

    async def _run(self) -> None:
        try:
            while self._due:
                due, self._due = self._due, {}
                await self._deliver(list(due))
        finally:
            self._round = None

    async def _deliver(self, channels: list[Channel]) -> None:
        now = self._monotonic()
        spoken = [(channel, said) for channel in channels for said in channel.speak(now)]
        self.publications += len(spoken)
        for channel, _ in spoken:
            channel.published += 1
        if len(spoken) == 1:
            await self._deliver_one(*spoken[0])
            return
        touched: dict[Connection, None] = {}
        for channel, said in spoken:
            await self._collect(channel, said, touched)
        joints = Joints()
        for part in cut(touched):
            for connection in part:
                connection.flush(joints)
            await asyncio.sleep(0)

    async def _deliver_one(self, channel: Channel, said: Said) -> None:
        """The common case: no outbox is touched where the socket is idle."""
        heard = channel.subscribers.get
        key, message, offset = said
        for part in cut(channel.subscribers):
            # Who left since the snapshot is pending, and hears nothing.
            ready = [connection for connection in part if heard(connection, PENDING) < offset]
            for connection in ready:
                # Connection.deliver, spelled out: a call more would be a tenth of the work that is ours.
                if connection.outbox or not connection.transport.send(message):
                    connection.keep(key, message)
            self.deliveries += len(ready)
            await asyncio.sleep(0)

    async def _collect(self, channel: Channel, said: Said, touched: dict[Connection, None]) -> None:
        hearers = channel.subscribers
        key, message, offset = said
        for part in cut(hearers):
            for connection in part:
                if hearers.get(connection, PENDING) < offset:
                    connection.keep(key, message)
                    touched[connection] = None
                    self.deliveries += 1
            await asyncio.sleep(0)
