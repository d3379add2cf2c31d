"""Interactions: made, changed and deleted with the counts of their events and what is told of them.

What is changed of one event while a transaction runs shares the next one: otherwise the event's document
would be a lock that everybody waits for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping, Sequence
from typing import Any

from storage.batching import Queues
from storage.counters import Counters
from storage.database import Database
from storage.driver import Document, ReturnDocument, Session
from storage.errors import NotFound, StorageError
from storage.klub.attendance import Attendance, Sheet
from storage.klub.event import Event
from storage.klub.guests import Guest, Guests
from storage.klub.interaction import INTERACTIONS, Draft, Interaction
from storage.klub.interaction_types import InteractionType
from storage.klub.places import EventTypes
from storage.presence import hold_anyone

MOST_AT_ONCE = 32  # changes of one transaction

Deed = Callable[[Sheet], Awaitable[Interaction]]
Turn = Callable[[], Awaitable[Interaction]]


class InteractionList:
    """A list of interactions that can be counted and read from anywhere, by ascending number."""

    def __init__(self, database: Database, query: Document) -> None:
        self._rows = database[INTERACTIONS]
        self._query = query

    async def total(self) -> int:
        """Count the interactions."""
        return await self._rows.count_documents(self._query)

    async def window(self, offset: int, limit: int) -> Sequence[Interaction]:
        """Read some."""
        found = self._rows.find(self._query).sort("_id", 1).skip(offset).limit(limit)
        return [Interaction.of(row) for row in await found.to_list(None)]


class Interactions:
    """The `interactions` collection."""

    def __init__(
        self,
        database: Database,
        counters: Counters,
        attendance: Attendance,
        event_types: EventTypes,
        guests: Guests,
    ) -> None:
        self._database = database
        self._rows = database[INTERACTIONS]
        self._users = database["users"]
        self._counters = counters
        self._attendance = attendance
        self._event_types = event_types
        self._guests = guests
        self._queues: Queues[Deed, Interaction] = Queues(self._run, MOST_AT_ONCE)
        self._turns: Queues[Turn, Interaction] = Queues(take_turns, 1)

    # Reading

    def listed(
        self, types: Collection[int], *, user: int | None = None, event: int | None = None
    ) -> InteractionList:
        """Return the interactions of some types: of one person, at one event, or all."""
        return InteractionList(self._database, select(types, user, event))

    async def find(
        self, number: int, types: Collection[int], *, user: int | None = None, event: int | None = None
    ) -> Interaction:
        """Find one of those that `listed` would have; raises NotFound."""
        row = await self._rows.find_one({"_id": number, **select(types, user, event)})
        if row is None:
            raise NotFound(INTERACTIONS)
        return Interaction.of(row)

    # Writing

    async def at(
        self, event: Event, kind: InteractionType, *, note: str | None = None, summary: str = ""
    ) -> Draft:
        """Begin an interaction at an event, which says to which unit it belongs, and when it is."""
        unit, start = await self._unit_of(event), event.values["start_date"]
        return Draft(kind, event.id, unit, note, summary, date_from=start)

    async def _unit_of(self, event: Event) -> int | None:
        types = await self._event_types.some([event.type])
        unit = next((each.unit for each in types.values()), None)
        return first_unit(event) if unit is None else unit

    async def add(self, draft: Draft, user: int) -> Interaction:
        """Make an interaction of a person; raises NotFound where one of the two is gone."""
        number = await self._counters.take(INTERACTIONS)

        async def deed(sheet: Sheet) -> Interaction:
            person = await hold_anyone(self._users, user, sheet.session)
            return await self._insert(draft, number, person, sheet)

        return await self._do(deed, draft.event, user)

    async def sign_up(self, draft: Draft, guest: Guest) -> Interaction:
        """Make an interaction of a guest, whose account is found or made; raises NotFound, Rejected."""
        number = await self._counters.take(INTERACTIONS)

        async def deed(sheet: Sheet) -> Interaction:
            person = await self._guests.admit(guest, sheet.session)
            return await self._insert(draft, number, person, sheet)

        return await self._do(deed, draft.event, guest.email.lower())

    async def _insert(self, draft: Draft, number: int, person: Document, sheet: Sheet) -> Interaction:
        row = draft.row(number, person["id"], sheet.now)
        await self._rows.insert_one(row, session=sheet.session)
        await sheet.note(person, None, row)
        return Interaction.of(row)

    async def change(
        self, found: Interaction, values: Mapping[str, Any], event: Event | None = None
    ) -> Interaction:
        """Set fields, and move it to another event; raises NotFound."""
        changes = dict(values)
        if event is not None and event.id != found.event:
            unit, start = await self._unit_of(event), event.values["start_date"]
            changes |= {"event": event.id, "unit": unit, "date_from": start}

        async def deed(sheet: Sheet) -> Interaction:
            person = await hold_anyone(self._users, found.user, sheet.session)
            return await self._change(found, changes, person, sheet)

        return await self._do(deed, changes.get("event", found.event), found.user)

    async def _change(
        self, found: Interaction, changes: Document, person: Document, sheet: Sheet
    ) -> Interaction:
        values = {**changes, "updated": sheet.now}
        if values.get("date_from", sheet.now) is None:
            values["date_from"] = sheet.now
        before = await self._rows.find_one_and_update(
            {"_id": found.id, "user": found.user},
            {"$set": values},
            return_document=ReturnDocument.BEFORE,
            session=sheet.session,
        )
        if before is None:
            raise NotFound(INTERACTIONS)
        after = {**before, **values}
        await sheet.note(person, before, after)
        return Interaction.of(after)

    async def remove(self, found: Interaction) -> None:
        """Delete an interaction; raises NotFound."""

        async def deed(sheet: Sheet) -> Interaction:
            person = await hold_anyone(self._users, found.user, sheet.session)
            row = await self._rows.find_one_and_delete(
                {"_id": found.id, "user": found.user}, session=sheet.session
            )
            if row is None:
                raise NotFound(INTERACTIONS)
            await sheet.note(person, row, None)
            return Interaction.of(row)

        await self._do(deed, found.event, found.user)

    async def _do(self, deed: Deed, event: int | None, whose: int | str) -> Interaction:
        """Do something with others of its event, or alone where it is at none.

        What is about one person takes turns: at several events it would collide in the account.
        """
        queue: Hashable = ("event", event) if event is not None else ("person", whose)
        return await self._turns.submit(whose, lambda: self._queues.submit(queue, deed))

    async def _run(self, deeds: Sequence[Deed]) -> Sequence[Interaction | BaseException]:
        async def work(session: Session) -> Sequence[Interaction | BaseException]:
            sheet = await self._attendance.sheet(session)
            answers = [await attempt(deed, sheet) for deed in deeds]
            await sheet.close()
            return answers

        return await self._database.transaction(work)


async def take_turns(turns: Sequence[Turn]) -> Sequence[Interaction | BaseException]:
    """Do one thing after the other."""
    return [await turn() for turn in turns]


async def attempt(deed: Deed, sheet: Sheet) -> Interaction | StorageError:
    """Do one of a batch; what it is refused for, before it has written anything, is its own affair."""
    try:
        return await deed(sheet)
    except StorageError as error:
        return error


def first_unit(event: Event) -> int | None:
    """Return the unit that an event belongs to before others."""
    return event.units[0] if event.units else None


def select(types: Collection[int], user: int | None, event: int | None) -> Document:
    """Return a query for interactions of some types."""
    query: Document = {"type": {"$in": sorted(types)}}
    if user is not None:
        query["user"] = user
    if event is not None:
        query["event"] = event
    return query
