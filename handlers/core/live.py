"""What a dialect contributes to the hub: channels, and the credentials that open connections."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Coroutine, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

from handlers.core.declaration import Credential
from handlers.core.revoking import Revoking
from handlers.core.roll_call import RollCall
from realtime.channels import Identity, Namespace
from realtime.feed import Lost
from realtime.hub import Hub
from storage import changes
from storage.changes import Change, Changes
from storage.stores import Stores
from storage.trimming import Trimming

MOST_LISTED = 1000  # channels of a kind; there may be very many

Authenticator = Callable[[str], Awaitable[Identity | None]]


@dataclass(frozen=True)
class Reaction:
    """Something to do when documents of a collection change, on whichever process that happened.

    None stands for changes that may have been missed.
    """

    collections: Collection[str]
    react: Callable[[Change | None], None]


@dataclass(frozen=True)
class Live:
    """A dialect's part of the hub.

    `schemes` maps the first word of an Authorization header, lower-cased, to what finds out who it is
    from the rest; `tokens` do so from bare tokens. Several dialects may read the same word, one after
    the other: None says that what is shown is none of the reader's, Disconnect, Refusal, ExpiredToken
    and BadToken that it is, but does not hold. `cookies` do so by name for browsers that show nothing
    else; one that does not hold is no credential. `credentials` say what all these are, for documents.
    `tasks` run as long as the process does.
    """

    namespaces: tuple[Namespace, ...] = ()
    schemes: Mapping[str, Authenticator] = field(default_factory=dict)
    tokens: tuple[Authenticator, ...] = ()
    cookies: Mapping[str, Authenticator] = field(default_factory=dict)
    credentials: tuple[Credential, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    tasks: tuple[Callable[[], Coroutine[None, None, None]], ...] = ()


class Committed:
    """The feed's source: the process's change stream, which the dialects' reactions hear too."""

    def __init__(self, stream: Changes, reactions: Iterable[Reaction]) -> None:
        self._stream = stream
        self._reactions: dict[str, list[Reaction]] = defaultdict(list)
        for reaction in reactions:
            for collection in reaction.collections:
                self._reactions[collection].append(reaction)

    async def follow(self, collections: frozenset[str]) -> AsyncGenerator[Change | Lost, None]:
        """Yield the changes of the collections, in order, without end."""
        async with aclosing(self._stream.follow(collections | self._reactions.keys())) as events:
            async for event in events:
                if isinstance(event, changes.Lost):
                    self._react_to_all()
                    yield Lost()
                else:
                    for reaction in self._reactions.get(event.collection, ()):
                        reaction.react(event)
                    if event.collection in collections:
                        yield event

    def _react_to_all(self) -> None:
        for reaction in {id(each): each for found in self._reactions.values() for each in found}.values():
            reaction.react(None)


def keep_house(hub: Hub, stores: Stores) -> Live:
    """Return what the hub needs besides the dialects' parts.

    Revocations are carried out, histories trimmed, other processes asked who listens there.
    """
    revoking = Revoking(hub, stores.revocations)
    trimming = Trimming(stores.outbox)
    roll_call = RollCall(hub, stores.roll_calls)
    hub.presence.elsewhere = roll_call
    hub.presence.inventory.elsewhere = roll_call
    return Live(
        reactions=(
            Reaction(("revocations",), revoking.note),
            Reaction(("outbox",), trimming.note),
            Reaction((stores.roll_calls.COLLECTION,), roll_call.note),
        ),
        tasks=(revoking.run, trimming.run, roll_call.run, roll_call.beat),
    )
