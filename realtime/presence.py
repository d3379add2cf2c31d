"""Who is on a channel: everybody on this process, and what the other processes say of theirs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

from realtime.channel import PENDING
from realtime.channels import Audience, Identity, Organised
from realtime.codes import ErrorCode, Refusal
from realtime.inventory import Inventory
from realtime.reading import SharedRead

if TYPE_CHECKING:
    from realtime.hub import Hub

MOST_READERS = 100  # questions to the other processes that may be shared
ENTRY_BYTES = 120  # about what one client takes in a reply


class Elsewhere(Protocol):
    """The other processes."""

    async def ask(self, channel: str, *, named: bool) -> Sequence[Audience]:
        """Return who listens there as it is now; a process that is gone says nothing."""


class Presence:
    """Answers who is on a channel. Nothing is kept about it: whoever wants to know asks everybody."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._readers: dict[tuple[str, bool], SharedRead[Sequence[Audience]]] = {}
        self.elsewhere: Elsewhere | None = None
        self.inventory = Inventory(hub)

    def here(self, name: str, *, named: bool) -> Audience:
        """Return who listens on this process."""
        channel = self._hub.channels.get(name)
        if channel is None:
            return Audience()
        users = {
            connection.client: connection.identity.user
            for connection, offset in channel.subscribers.items()
            if offset != PENDING and connection.identity is not None
        }
        return Audience(len(users), frozenset(users.values()), users if named else {})

    async def count(self, who: Identity, name: str) -> Audience:
        """Return the numbers of a channel, for whoever may subscribe to it."""
        async with self._hub.reading(name):
            await self._hub.check(who, name)
            return await self._gather(name, named=False)

    async def name(self, who: Identity, name: str) -> Audience:
        """Return everybody on a channel, for its organisers; what nobody organises is for nobody."""
        space, key = self._hub.find_namespace(name)
        async with self._hub.reading(name):
            await self._hub.check(who, name)
            if not isinstance(space, Organised):
                raise Refusal(ErrorCode.PERMISSION_DENIED)
            await space.check_organiser(who, key)
            audience = await self._gather(name, named=True)
        if audience.size * ENTRY_BYTES > self._hub.room:
            raise Refusal(ErrorCode.LIMIT_EXCEEDED)
        return audience

    async def _gather(self, name: str, *, named: bool) -> Audience:
        others = await self._ask(name, named=named) if self.elsewhere is not None else ()
        return join([self.here(name, named=named), *others])

    async def _ask(self, name: str, *, named: bool) -> Sequence[Audience]:
        """Ask the other processes; all who want to know the same share a question."""
        assert self.elsewhere is not None
        if len(self._readers) > MOST_READERS:
            self._readers.clear()
        reader = self._readers.get((name, named))
        if reader is None:
            ask = partial(self.elsewhere.ask, name, named=named)
            reader = self._readers[name, named] = SharedRead(ask)
        return await reader()


def join(audiences: Iterable[Audience]) -> Audience:
    """Put the audiences of several processes together; a user may be on more than one."""
    found = list(audiences)
    clients: dict[str, str] = {}
    for each in found:
        clients |= each.clients
    return Audience(
        sum(each.size for each in found), frozenset().union(*(each.users for each in found)), clients
    )
