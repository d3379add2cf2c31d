"""What a dialect contributes to the hub: channels, and the credentials that open connections."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Coroutine, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

from handlers.core.revoking import Revoking
from realtime.channels import Identity, Namespace
from realtime.feed import Lost
from realtime.hub import Hub
from storage import changes
from storage.changes import Change, Changes
from storage.stores import Stores
from storage.trimming import Trimming

Authenticator = Callable[[str], Awaitable[Identity]]
TokenReader = Callable[[str], Awaitable[Identity | None]]


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

    `schemes` maps the first word of an Authorization header, lower-cased, to what finds out who it is;
    it raises Disconnect or Refusal for a bad one. `tokens` read bare tokens: None says that one is of
    another kind, ExpiredToken and BadToken that it does not hold. `tasks` run as long as the process does.
    """

    namespaces: tuple[Namespace, ...] = ()
    schemes: Mapping[str, Authenticator] = field(default_factory=dict)
    tokens: tuple[TokenReader, ...] = ()
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
    """Return what the hub needs besides the dialects' parts: revocations carried out, histories trimmed."""
    revoking = Revoking(hub, stores.revocations)
    trimming = Trimming(stores.outbox)
    return Live(
        reactions=(Reaction(("revocations",), revoking.note), Reaction(("outbox",), trimming.note)),
        tasks=(revoking.run, trimming.run),
    )
