"""What Klub pushes: counts of events, changes of attendance; and its users' access tokens for the hub."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from handlers.core.declaration import Credential
from handlers.core.live import MOST_LISTED, Live
from handlers.core.services import Services
from handlers.core.streams import OutboxChannels
from handlers.core.tokens import BadToken, ExpiredToken
from handlers.klub import messages
from handlers.klub.credentials import ACCESS, read_session
from handlers.klub.messages import CountsMessage
from realtime.channels import Change, Doubt, Identity, Publication, State
from realtime.codes import ErrorCode, Refusal
from storage.accounts import Member
from storage.batching import Batcher
from storage.extended_json import dumps
from storage.klub.attendance import SPACE, Counts
from storage.klub.event import Event
from storage.klub.grants import NO_STANDING, Standing
from storage.stores import Stores

EVENTS, USERS = "events", "users"
LONGEST_NUMBER = 18  # digits


@dataclass(frozen=True, slots=True)
class Listener:
    """Who listens: an account with its rights, or nobody in particular."""

    member: Member | None = None
    standing: Standing = NO_STANDING


class EventAccess:
    """Who may hear what of events; questions of one moment share their look-ups."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._events: Batcher[int, Event | None] = Batcher(self._find)

    async def _find(self, numbers: Sequence[int]) -> Sequence[Event | None]:
        found = await self._stores.events.some(set(numbers))
        return [found.get(number) for number in numbers]

    async def event(self, key: str) -> Event:
        """Find an event; refuses with 103: what does not exist must not differ from what is hidden."""
        plain = key.isascii() and key.isdigit() and len(key) <= LONGEST_NUMBER and str(int(key)) == key
        event = await self._events.submit(int(key)) if plain else None
        if event is None:
            raise Refusal(ErrorCode.PERMISSION_DENIED)
        return event

    async def listener(self, who: Identity) -> Listener:
        """Look up who listens."""
        member = None if who.anonymous else await self._stores.accounts.by_number(int(who.user))
        return Listener() if member is None else Listener(member, await self._stores.grants.standing(member))

    async def check_seen(self, who: Identity, key: str) -> None:
        """Refuse who may not see an event."""
        event, listener = await self.event(key), await self.listener(who)
        if not self._stores.rights.may_see(listener.member, listener.standing, event):
            raise Refusal(ErrorCode.PERMISSION_DENIED)

    async def check_managed(self, who: Identity, key: str) -> None:
        """Refuse who does not manage an event."""
        event, listener = await self.event(key), await self.listener(who)
        if not self._stores.rights.manages(listener.member, listener.standing, event):
            raise Refusal(ErrorCode.PERMISSION_DENIED)

    async def seen(self, who: Identity) -> Sequence[int]:
        """Return the newest events that somebody may see."""
        listener = await self.listener(who)
        audience = self._stores.rights.audience(listener.member, listener.standing)
        return await self._stores.event_lists.newest(audience.query(), MOST_LISTED)

    async def managed(self, who: Identity) -> Sequence[int]:
        """Return the newest events that somebody manages."""
        listener = await self.listener(who)
        if listener.member is None:
            return []
        domain = self._stores.rights.domain(listener.member, listener.standing)
        return await self._stores.event_lists.newest(domain, MOST_LISTED)


def doubt(change: Change) -> Iterable[Doubt]:
    """Name whose permission may have ended: all on an event that changed hands, a user whose grants did.

    Counts change an event all the time; that is no reason to ask.
    """
    if change.collection == EVENTS and change.document is not None:
        yield Doubt(key=str(change.id), mark=mark_of(change.document))
    elif change.collection == USERS and change.operation == "update" and change.document is not None:
        yield Doubt(user=str(change.document.get("id")))


def mark_of(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what stays the same for as long as who may see and who manages an event do.

    The number of writes to both is among it: what is changed there and back has changed.
    """
    lists = (tuple(row.get(name) or ()) for name in ("units", "team"))
    return row.get("held"), row.get("public_on_web"), *lists


class EventChannels:
    """`events:<id>`: how many people take part, for everyone who may see the event."""

    name, boundary = EVENTS, ":"
    declarations = (messages.EVENTS,)
    collections = frozenset({EVENTS, USERS})

    def __init__(self, stores: Stores, access: EventAccess) -> None:
        self._attendance = stores.attendance
        self._access = access

    async def authorise(self, who: Identity, key: str) -> None:
        """Let those in who may see the event."""
        await self._access.check_seen(who, key)

    async def read(self, key: str) -> State | None:
        """Read the counts."""
        counts = await self._attendance.counts(int(key))
        return state_of(counts) if counts is not None else None

    def project(self, change: Change) -> Iterable[tuple[str, State | None]]:
        """Turn a changed event into a state; a deleted one ends its channel."""
        if change.collection == EVENTS:
            row = change.document
            yield str(change.id), state_of(Counts.of(row)) if row is not None else None

    async def check_organiser(self, who: Identity, key: str) -> None:
        """Let those know who listens who manage the event."""
        await self._access.check_managed(who, key)

    def doubts(self, change: Change) -> Iterable[Doubt]:
        """Name the subscriptions that a change may have ended the permission of."""
        return doubt(change)

    async def listed(self, who: Identity) -> Sequence[str]:
        """Name the channels of the newest events that somebody may see."""
        return [f"{self.name}:{number}" for number in await self._access.seen(who)]


class AttendanceChannels(OutboxChannels):
    """`attendance:<id>`: each change of an interaction at an event, for those who manage it."""

    name: ClassVar[str] = SPACE
    declarations = (messages.ATTENDANCES,)
    collections = frozenset({"outbox", EVENTS, USERS})

    def __init__(self, stores: Stores, access: EventAccess) -> None:
        super().__init__(stores.outbox)
        self._access = access

    async def authorise(self, who: Identity, key: str) -> None:
        """Let those in who manage the event."""
        await self._access.check_managed(who, key)

    def project(self, change: Change) -> Iterable[tuple[str, Publication | None]]:
        """Turn a posted message into a publication; a deleted event ends its channel."""
        if change.collection == "outbox":
            yield from super().project(change)
        elif change.collection == EVENTS and change.document is None:
            yield str(change.id), None

    async def check_organiser(self, who: Identity, key: str) -> None:
        """Let everybody in who may listen: they manage the event."""

    def doubts(self, change: Change) -> Iterable[Doubt]:
        """Name the subscriptions that a change may have ended the permission of."""
        return doubt(change)

    async def listed(self, who: Identity) -> Sequence[str]:
        """Name the channels of the newest events that somebody manages."""
        return [self.prefix + str(number) for number in await self._access.managed(who)]


def state_of(counts: Counts) -> State:
    """Return the counts of an event as the channel carries them."""
    told = CountsMessage(
        event=counts.event,
        registered=counts.registered,
        attended=counts.attended,
        cancelled=counts.cancelled,
        version=counts.version,
    )
    return State(counts.epoch, counts.version, dumps(told))


def describe_live(services: Services) -> Live:
    """Put together the channels and the credentials."""

    async def read_access(token: str) -> Identity | None:
        try:
            session = await read_session(services, ACCESS, token)
        except ExpiredToken:
            raise
        except BadToken:
            return None  # another dialect's, or the hub's own
        member = session.member
        return Identity(str(member.id), "", session.expires, member.generation)

    access = EventAccess(services.stores)
    return Live(
        namespaces=(
            EventChannels(services.stores, access),
            AttendanceChannels(services.stores, access),
        ),
        schemes={"bearer": read_access},
        credentials=(
            Credential("klub", "Bearer <access token>", "An access token of Klub, from POST /api/token/."),
        ),
        tokens=(read_access,),
    )
