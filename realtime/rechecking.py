"""Ends subscriptions whose permission has ended: asks again for those that a change has put in doubt."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import TYPE_CHECKING

from realtime.channel import Channel
from realtime.channels import Doubt, Guarded, Identity, Namespace, channel_name
from realtime.codes import Refusal
from realtime.fanout import SLICE

if TYPE_CHECKING:
    from realtime.connection import Connection
    from realtime.hub import Hub

PAUSE = 0.5  # seconds until what failed to be asked is asked again

log = logging.getLogger(__name__)


class Rechecker:
    """Collects doubts and settles them, many at a time.

    Whoever is just subscribing counts, too: they are registered before their permission is looked up.
    """

    def __init__(self, hub: Hub, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._hub = hub
        self._sleep = sleep
        self._channels: set[str] = set()
        self._users: set[str] = set()
        self._everything = False
        self._noted = asyncio.Event()

    def note(self, space: Namespace, doubt: Doubt) -> None:
        """Take note of a doubt, unless nobody listens or the channel's mark is as it was."""
        if doubt.user is not None:
            self._users.add(doubt.user)
        elif doubt.key is not None:
            name = channel_name(space, doubt.key)
            channel = self._hub.channels.get(name)
            if channel is None or (doubt.mark is not None and channel.mark == doubt.mark):
                return
            channel.mark = doubt.mark
            self._channels.add(name)
        self._noted.set()

    def doubt_everything(self) -> None:
        """Take note that changes may have been missed."""
        self._everything = True
        self._noted.set()

    async def run(self) -> None:
        """Settle what is noted, until cancelled."""
        while True:
            await self._noted.wait()
            self._noted.clear()
            channels, self._channels = self._channels, set()
            users, self._users = self._users, set()
            everything, self._everything = self._everything, False
            try:
                await self._settle(list(self._choose(channels, users, everything=everything)))
            except Exception as error:
                log.warning("asking for permissions again failed: %r; trying again", error)
                self._channels |= channels
                self._users |= users
                self._everything |= everything
                await self._sleep(PAUSE)
                self._noted.set()

    def _choose(
        self, channels: Collection[str], users: Collection[str], *, everything: bool
    ) -> Iterable[tuple[Channel, Connection]]:
        """Yield the subscriptions in doubt."""
        wide = everything or users
        for name in self._hub.channels if wide else channels:
            channel = self._hub.channels.get(name)
            if channel is None or not isinstance(channel.namespace, Guarded):
                continue
            whole = everything or name in channels
            for connection in channel.subscribers:
                if whole or identity_of(connection).user in users:
                    yield channel, connection

    async def _settle(self, doubted: Iterable[tuple[Channel, Connection]]) -> None:
        """Ask once for each user and channel, many side by side: what looks them up may share its reads."""
        groups: defaultdict[tuple[Channel, str], list[Connection]] = defaultdict(list)
        for channel, connection in doubted:
            groups[channel, identity_of(connection).user].append(connection)
        waiting = [(channel, found) for (channel, _), found in groups.items()]
        for start in range(0, len(waiting), SLICE):
            async with asyncio.TaskGroup() as group:
                for channel, found in waiting[start : start + SLICE]:
                    group.create_task(self._ask(channel, found))

    async def _ask(self, channel: Channel, found: Collection[Connection]) -> None:
        who = identity_of(next(iter(found)))
        try:
            await channel.namespace.authorise(who, channel.key)
        except Refusal:
            for connection in found:
                self._hub.expel(connection, channel)


def identity_of(connection: Connection) -> Identity:
    """Return whom a connection speaks for."""
    return connection.identity or Identity()
