"""Who organizes which event, and as what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from storage.accounts import Member
from storage.counters import Counters
from storage.database import Database, Index, index
from storage.driver import Session
from storage.errors import NotFound
from storage.presence import hold
from storage.traces import Fate, Trace

TEAM = "organization_team"


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody's position in the team of an event; all by their numbers."""

    id: int
    event: int
    user: int
    position: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        return cls(row["_id"], row["event"], row["user"], row["position"])


class Seats:
    """The seats of one event, as a list."""

    def __init__(self, database: Database, event: int) -> None:
        self._rows = database[TEAM]
        self._event = event

    async def total(self) -> int:
        """Count the seats."""
        return await self._rows.count_documents({"event": self._event})

    async def window(self, offset: int, limit: int) -> Sequence[Seat]:
        """Read some, by ascending number."""
        found = self._rows.find({"event": self._event}).sort("_id", 1).skip(offset).limit(limit)
        return [Seat.of(row) for row in await found.to_list(None)]


class Team:
    """The `organization_team` collection; `team` of an event names everybody who has a seat there."""

    INDEXES: tuple[Index, ...] = (index(TEAM, "event", "_id"), index(TEAM, "user"))
    TRACES = (Trace(TEAM, "user", by="id"), Trace("events", "team", Fate.ENTRY, by="id"))

    def __init__(self, database: Database, counters: Counters) -> None:
        self._database = database
        self._rows = database[TEAM]
        self._events = database["events"]
        self._users = database["users"]
        self._counters = counters

    def of_event(self, event: int) -> Seats:
        """Return the seats of an event."""
        return Seats(self._database, event)

    async def find(self, event: int, number: int) -> Seat:
        """Find a seat of an event; raises NotFound."""
        row = await self._rows.find_one({"_id": number, "event": event})
        if row is None:
            raise NotFound(TEAM)
        return Seat.of(row)

    async def number(self) -> int:
        """Take the number of a new seat, outside any transaction."""
        return await self._counters.take(TEAM)

    async def add(self, event: int, member: Member, position: int) -> Seat:
        """Give somebody a position; raises NotFound for the event, Departed."""
        seat = Seat(await self.number(), event, member.id, position)

        async def work(session: Session) -> None:
            await hold(self._users, member.oid, session)
            await self.seat(seat, session)

        await self._database.transaction(work)
        return seat

    async def seat(self, seat: Seat, session: Session) -> None:
        """Store a seat, in a transaction that holds the person; raises NotFound for the event."""
        await self._place(seat.event, seat.user, session)
        row = {"_id": seat.id, "event": seat.event, "user": seat.user, "position": seat.position}
        await self._rows.insert_one(row, session=session)

    async def remove(self, event: int, number: int) -> None:
        """Take a position away; who has another one stays in the team; raises NotFound."""

        async def work(session: Session) -> None:
            row = await self._rows.find_one_and_delete({"_id": number, "event": event}, session=session)
            if row is None:
                raise NotFound(TEAM)
            left = {"event": event, "user": row["user"]}
            staying = await self._rows.find_one(left, session=session) is not None
            await self._place(event, row["user"], session, staying=staying)

        await self._database.transaction(work)

    async def _place(self, event: int, user: int, session: Session, *, staying: bool = True) -> None:
        """Put somebody into the team that the event names, or out of it.

        Counted, so that the event is written in any case: transactions that change nothing don't collide,
        and of two last seats taken away at once each would see the other.
        """
        change = {"$addToSet" if staying else "$pull": {"team": user}, "$inc": {"held": 1}}
        if not (await self._events.update_one({"_id": event}, change, session=session)).matched_count:
            raise NotFound("events")

    async def dissolve(self, event: int, session: Session) -> None:
        """Take away all seats of an event that is being deleted."""
        await self._rows.delete_many({"event": event}, session=session)
