"""Who takes part in which event: the counts of events, and what is told of each change.

The interactions are the truth. `registered`, `attended` and `cancelled` of an event count distinct people
and change, with the event's `version`, in the transaction that changes interactions; so do the messages of
`attendance:<event>`. Every such transaction writes the event's document: of two that change one event at
once, one starts anew and sees what the other one did. `cancellations` remember who ever deleted a
registration for an event: such people count as cancelled for as long as they have none.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from storage.database import Database, Index, index
from storage.driver import Document, ObjectId, Session, UpdateOne
from storage.errors import NotFound
from storage.klub.interaction import INTERACTIONS
from storage.klub.interaction_types import ATTENDANCE, REGISTRATION, InteractionTypes
from storage.outbox import Message, Outbox
from storage.traces import Trace

CANCELLATIONS = "cancellations"
SPACE = "attendance"
PORTION = 50  # events that are counted anew in one transaction
NUMBERS = ("registered", "attended", "cancelled", "version")
COUNTED: Mapping[str, str] = {REGISTRATION: "registered", ATTENDANCE: "attended"}
SHOWN: Mapping[str, str] = {  # what messages tell of a person, and where it is
    "first_name": "fname",
    "last_name": "sname",
    "nickname": "klub.nickname",
    "city": "addr_suburb",
}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many people take part in an event, at one version."""

    event: int
    registered: int
    attended: int
    cancelled: int
    version: int
    epoch: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Counts:
        """Read the stored form, an event."""
        registered, attended, cancelled, version = (row.get(name) or 0 for name in NUMBERS)
        epoch = str(row.get("epoch") or row["_id"])
        return cls(row["_id"], registered, attended, cancelled, version, epoch)


class Attendance:
    """Makes sheets, on which transactions note what they change; takes people out who leave altogether."""

    INDEXES: tuple[Index, ...] = (
        index(INTERACTIONS, "event", "type", "_id"),
        index(INTERACTIONS, "user", "type", "_id"),
        index(INTERACTIONS, "type", "_id"),
        index(CANCELLATIONS, "event", "user", unique=True),
        index(CANCELLATIONS, "user"),
    )
    TRACES = (Trace(INTERACTIONS, "user", by="id"), Trace(CANCELLATIONS, "user", by="id"))

    def __init__(
        self,
        database: Database,
        types: InteractionTypes,
        outbox: Outbox,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.database = database
        self.rows = database[INTERACTIONS]
        self.cancellations = database[CANCELLATIONS]
        self.events = database["events"]
        self.users = database["users"]
        self.outbox = outbox
        self._types = types
        self._clock = clock

    async def sheet(self, session: Session) -> Sheet:
        """Begin a sheet for a transaction."""
        types = await self._types.of_events()
        return Sheet(self, session, {number: each.slug for number, each in types.items()}, self.now())

    def now(self) -> datetime:
        """Return the moment in the precision in which it is stored."""
        return datetime.fromtimestamp(round(self._clock(), 3), UTC)

    async def counts(self, event: int) -> Counts | None:
        """Read the counts of an event."""
        row = await self.events.find_one({"_id": event}, dict.fromkeys((*NUMBERS, "epoch"), 1))
        return Counts.of(row) if row is not None else None

    async def claim(self, person: ObjectId, session: Session) -> None:
        """Hold the events of a person who is being deleted: the first step of that.

        They are found beside the transaction: where many are being marked, it would come too late for
        an event that it holds after it has looked at anything.
        """
        found = await self.users.find_one({"_id": person}, {"id": 1})
        if found is None:
            return
        own = {"user": found["id"]}
        known = await asyncio.gather(
            self.rows.distinct("event", own), self.cancellations.distinct("event", own)
        )
        for event in sorted({event for events in known for event in events if event is not None}):
            await self.hold(event, session)

    async def hold(self, event: int, session: Session) -> bool:
        """Let a transaction collide with others that change an event; tell whether there is the event."""
        step = {"$inc": {"version": 1}}
        return bool((await self.events.update_one({"_id": event}, step, session=session)).matched_count)

    async def withdraw(self, person: ObjectId, session: Session) -> None:
        """Take back what a person does at events: a step of their deletion."""
        found = await self.users.find_one({"_id": person}, {"id": 1}, session=session)
        if found is None:
            return
        own = {"user": found["id"]}
        rows = await self.rows.find(own, session=session).to_list(None)
        left = await self.cancellations.find(own, session=session).to_list(None)
        sheet = await self.sheet(session)
        for event in sorted({row["event"] for row in (*rows, *left) if row["event"] is not None}):
            await sheet.hold(event)
        sheet.forget(found["id"], rows, {row["event"] for row in left})
        await self.rows.delete_many(own, session=session)
        await self.cancellations.delete_many(own, session=session)
        await sheet.close(strict=False)

    async def recount(self, events: Iterable[int]) -> None:
        """Count events anew, after interactions came by another way than one by one."""
        numbers = sorted(set(events))
        for start in range(0, len(numbers), PORTION):
            work = functools.partial(self._count_anew, numbers[start : start + PORTION])
            await self.database.transaction(work)

    async def _count_anew(self, events: Sequence[int], session: Session) -> None:
        which = {"event": {"$in": events}}
        await self.events.update_many({"_id": which["event"]}, {"$inc": {"version": 1}}, session=session)
        slugs = {number: each.slug for number, each in (await self._types.of_events()).items()}
        people: defaultdict[tuple[int, str], set[int]] = defaultdict(set)
        fields = {"_id": 0, "event": 1, "user": 1, "type": 1}
        async for row in self.rows.find({**which, "user": {"$ne": None}}, fields, session=session):
            people[row["event"], slugs.get(row["type"], "")].add(row["user"])
        left: defaultdict[int, set[int]] = defaultdict(set)
        async for row in self.cancellations.find(which, session=session):
            left[row["event"]].add(row["user"])
        steps = [
            UpdateOne(
                {"_id": event},
                {
                    "$set": {
                        **{name: len(people[event, slug]) for slug, name in COUNTED.items()},
                        "cancelled": len(left[event] - people[event, REGISTRATION]),
                    }
                },
            )
            for event in events
        ]
        await self.events.bulk_write(steps, ordered=False, session=session)


class Sheet:
    """What one transaction changes of events; `close` is its last step."""

    def __init__(
        self, attendance: Attendance, session: Session, slugs: Mapping[int, str], now: datetime
    ) -> None:
        self.session = session
        self.now = now
        self._attendance = attendance
        self._slugs = slugs
        self._counts: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._messages: list[Message] = []
        self._held: set[int] = set()
        self._missing: set[int] = set()

    async def hold(self, event: int) -> None:
        """Take an event: who comes second starts anew at once, not after having done everything."""
        if event not in self._held:
            self._held.add(event)
            if not await self._attendance.hold(event, self.session):
                self._missing.add(event)

    async def note(self, person: Mapping[str, Any], before: Document | None, after: Document | None) -> None:
        """Note an interaction that was just written: as it was before, and as it is."""
        for event, row, was, now in self._places(before, after):
            await self.hold(event)
            if was != now:
                await self._count(event, row, was, now)
        self.report(person, before, after)

    def report(self, person: Mapping[str, Any], before: Document | None, after: Document | None) -> None:
        """Tell of an interaction without counting it: of many that come at once, events are counted anew."""
        for event, row, was, now in self._places(before, after):
            change = "created" if was is None else "deleted" if now is None else "updated"
            self._tell(event, row["_id"], describe(person), str(now or was), change, about=person["_id"])

    def _places(
        self, before: Document | None, after: Document | None
    ) -> Iterator[tuple[int, Document, str | None, str | None]]:
        """Go through the events of an interaction: the row there, the type it had and the one it has."""
        ways = [self._at(before), self._at(after)]
        for event in sorted({place[0] for place in ways if place is not None}):
            was, now = (place[1] if place and place[0] == event else None for place in ways)
            row = after if now is not None else before
            assert row is not None
            yield event, row, was, now

    def _at(self, row: Document | None) -> tuple[int, str] | None:
        """Return at which event an interaction is, and of which type; None where it is at none."""
        if row is None or row["event"] is None or row["type"] not in self._slugs:
            return None
        return row["event"], self._slugs[row["type"]]

    async def _count(self, event: int, row: Document, was: str | None, now: str | None) -> None:
        """Count a person in or out, unless another interaction of theirs says the same."""
        numbers = {slug: number for number, slug in self._slugs.items()}
        for slug, name in COUNTED.items():
            if slug not in (was, now):
                continue
            same = {"event": event, "user": row["user"], "type": numbers[slug], "_id": {"$ne": row["_id"]}}
            another = await self._attendance.rows.find_one(same, {"_id": 1}, session=self.session)
            step = 0 if another is not None else 1 if now == slug else -1
            self._counts[event][name] += step
            if slug == REGISTRATION:
                await self._cancel(event, row["user"], step, deleted=now is None)

    async def _cancel(self, event: int, user: int, step: int, *, deleted: bool) -> None:
        """Remember a deleted registration; count who has none any more, or has one again."""
        which, rows = {"event": event, "user": user}, self._attendance.cancellations
        if deleted:
            await rows.update_one(which, {"$setOnInsert": which}, upsert=True, session=self.session)
        if step and (deleted or await rows.find_one(which, {"_id": 1}, session=self.session) is not None):
            self._counts[event]["cancelled"] -= step

    def forget(self, user: int, rows: list[Document], cancelled: set[int]) -> None:
        """Count a person out of everything; what is told of it names nobody."""
        slugs: defaultdict[int, set[str]] = defaultdict(set)
        nobody = {"id": user, **dict.fromkeys(SHOWN, "")}
        for row in rows:
            if (place := self._at(row)) is not None:
                slugs[place[0]].add(place[1])
                self._tell(place[0], row["_id"], nobody, place[1], "deleted")
        for event in slugs.keys() | cancelled:
            for slug in COUNTED.keys() & slugs[event]:
                self._counts[event][COUNTED[slug]] -= 1
            if event in cancelled and REGISTRATION not in slugs[event]:
                self._counts[event]["cancelled"] -= 1

    def _tell(
        self,
        event: int,
        number: int,
        person: Document,
        slug: str,
        change: str,
        *,
        about: ObjectId | None = None,
    ) -> None:
        data = {
            "interaction": number,
            "event": event,
            "user": person,
            "type__slug": slug,
            "change": change,
            "at": self.now.isoformat().replace("+00:00", "Z"),
        }
        self._messages.append(Message(f"{SPACE}:{event}", data, about))

    async def close(self, *, strict: bool = True) -> None:
        """Change the counts, post the messages; raises NotFound where an event is gone, if `strict`."""
        if strict and self._missing:
            raise NotFound("events")
        for event, counts in self._counts.items():
            if changed := {name: step for name, step in counts.items() if step}:
                await self._attendance.events.update_one(
                    {"_id": event}, {"$inc": changed}, session=self.session
                )
        await self._attendance.outbox.add_all(self._messages, self.session)


def describe(person: Mapping[str, Any]) -> Document:
    """Return what messages tell of a person."""
    told: Document = {"id": person["id"]}
    for name, path in SHOWN.items():
        outer, _, inner = path.partition(".")
        value = person.get(outer)
        told[name] = ((value or {}).get(inner) if inner else value) or ""
    return told
