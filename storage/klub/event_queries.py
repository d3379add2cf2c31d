"""Lists of events: who looks, what they ask for, in which order; as quick with many events as with few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.database import Database, Index, index
from storage.driver import Document
from storage.klub.event import Event
from storage.klub.event_counts import EventCounts
from storage.klub.places import EventTypes

DEEP = 1000  # events before a page from where on they are skipped by their keys alone
TABOR, ECOLOGY = "tabor", "eco_consulting"

# What events can be sorted by, by the keys on the wire; what clients only see expanded goes by its number.
SORTABLE: Mapping[str, str] = {
    **{"id": "_id", "event_type": "type", "event_type_id": "type", "administrative_units": "units"},
    **{
        name: name
        for name in (
            *("name", "datetime_from", "datetime_to", "start_date", "program", "intended_for"),
            *("basic_purpose", "opportunity", "location", "age_from", "age_to", "working_hours"),
            *("responsible_person", "participation_fee", "contact_person_name", "entry_form_url", "web_url"),
            *("invitation_text_short", *(f"invitation_text_{number}" for number in range(1, 5))),
            *("accommodation", "looking_forward_to_you", "registration_method"),
            *("contact_person_email", "contact_person_telephone"),
            *(f"additional_question_{number}" for number in range(1, 5)),
            *("public_on_web_date_from", "public_on_web_date_to", "public_on_web"),
        )
    },
}
MOST_KEYS = 16  # the database sorts by 32 at most

INDEXES: tuple[Index, ...] = (
    index("events", "order", unique=True),
    index("events", "team", "order"),
    index("events", "public_on_web", "order"),
    *(
        index("events", "public_on_web", name, "order")
        for name in (
            *("program", "units", "type", "intended_for", "basic_purpose", "is_internal"),
            *("datetime_from", "datetime_to", "start_date", "name"),
        )
    ),
    index("events", "public_on_web", "_id"),
)


@dataclass(frozen=True, slots=True)
class Audience:
    """Whose eyes: of those who see everything; of the public; of a member, who sees their own teams' too."""

    everything: bool = False
    public: bool = True
    member: int | None = None

    def query(self) -> Document:
        """Return which events they see."""
        if self.everything:
            return {}
        seen: list[Document] = [{"public_on_web": True}] if self.public else []
        if self.member is not None:
            seen.append({"team": self.member})
        return seen[0] if len(seen) == 1 else {"$or": seen}


@dataclass(frozen=True, slots=True)
class Span:
    """A bound of a moment: `operator` is gt, gte, lt or lte."""

    field: str
    operator: str
    moment: datetime


@dataclass(frozen=True, slots=True)
class EventFilter:
    """What a list is narrowed to, all of it together; `kind` is one of the named selections.

    `among` are fields with the values that they may have; `types` are slugs of event types.
    """

    spans: Sequence[Span] = ()
    among: Sequence[tuple[str, Sequence[str]]] = ()
    internal: bool | None = None
    unit: int | None = None
    types: Sequence[str] | None = None
    kind: str = ""

    def clauses(self, types: Sequence[int], camps: Sequence[int]) -> list[Document]:
        """Return the parts of a query; `types` and `camps` are the numbers behind the slugs."""
        found: list[Document] = [{each.field: {f"${each.operator}": each.moment}} for each in self.spans]
        found += [{name: choose(values)} for name, values in self.among]
        if self.internal is not None:
            found.append({"is_internal": self.internal})
        if self.unit is not None:
            found.append({"units": self.unit})
        if self.types is not None:
            found.append({"type": choose(types)})
        return found + self._kind(camps)

    def _kind(self, camps: Sequence[int]) -> list[Document]:
        camp: Document = {"type": choose(camps)}
        outer: Document = {"$nor": [{"is_internal": True, **camp}]}
        return {
            "klub": [{"is_internal": True}],
            "tabor": [camp],
            "vik": [outer],
            "viktabor": [{"is_internal": False}],
            "ekostan": [{"program": ECOLOGY}],
            "vikekostan": [{"program": ECOLOGY}, outer],
        }.get(self.kind, [])


def choose(values: Sequence[Any]) -> Any:
    """Ask for one value, or for one of several; the former lets an index give the order, too."""
    return values[0] if len(values) == 1 else {"$in": list(values)}


def read_order(wanted: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Return what to sort by; a leading minus means descending, unknown keys are left out.

    The usual order breaks ties, in the direction of the last key: so an index serves either direction.
    """
    keys: dict[str, int] = {}
    for each in wanted:
        name = SORTABLE.get(each.removeprefix("-"))
        if name is not None and len(keys) < MOST_KEYS:
            keys.setdefault(name, -1 if each.startswith("-") else 1)
    if not keys:
        return ()
    return (*keys.items(), *(() if "_id" in keys else (("order", list(keys.values())[-1]),)))


class EventList:
    """A list of events that can be counted and read from anywhere.

    `ranged` says that the clauses bound a moment: then an index finds the events, but in another order.
    """

    def __init__(
        self,
        database: Database,
        counts: EventCounts,
        audience: Audience,
        clauses: Sequence[Document] = (),
        order: Sequence[tuple[str, int]] = (),
        *,
        ranged: bool = False,
    ) -> None:
        self._events = database["events"]
        self._counts = counts
        self._audience = audience
        self._clauses = list(clauses)
        self._order = list(order) or [("order", 1)]
        self._ranged = ranged
        self._query = narrow(audience.query(), self._clauses)

    async def total(self) -> int:
        """Count the events, without looking at them where nothing is filtered."""
        if self._clauses:
            return await self._counts.count(self._query)
        if self._audience.everything:
            return (await self._counts.read()).all
        own = 0
        if (member := self._audience.member) is not None:
            hidden = {"public_on_web": False} if self._audience.public else {}
            own = await self._events.count_documents({"team": member, **hidden})
        return own + ((await self._counts.read()).public if self._audience.public else 0)

    async def window(self, offset: int, limit: int) -> Sequence[Event]:
        """Read some of the events."""
        if self._ranged or offset > DEEP:
            return await self._by_keys(offset, limit)
        found = self._events.find(self._query).sort(self._order).skip(offset).limit(limit)
        return [Event.of(row) for row in await found.to_list(None)]

    async def _by_keys(self, offset: int, limit: int) -> Sequence[Event]:
        """Sort and skip by keys alone, deep pages from the nearer end; only then look at documents."""
        order, backwards = self._order, False
        if offset > DEEP:
            left = max(0, await self.total() - offset)
            limit, backwards = min(limit, left), left < offset
            if backwards:
                order, offset = [(name, -way) for name, way in order], left - limit
        if not limit:
            return []
        keys = self._events.find(self._query, {"_id": 0, "order": 1}).sort(order).skip(offset).limit(limit)
        wanted = [row["order"] for row in await keys.to_list(None)]
        rows = await self._events.find({"order": {"$in": wanted}}).to_list(None)
        events = {row["order"]: Event.of(row) for row in rows}
        found = [events[key] for key in wanted if key in events]
        return found[::-1] if backwards else found


def narrow(query: Document, clauses: Sequence[Document]) -> Document:
    """Add clauses to a query."""
    return {"$and": [query, *clauses]} if clauses else query


class EventLists:
    """Makes lists of events."""

    def __init__(self, database: Database, counts: EventCounts, types: EventTypes) -> None:
        self._database = database
        self._counts = counts
        self._types = types

    def seen_by(self, audience: Audience) -> EventList:
        """Return all that somebody sees, in the usual order."""
        return EventList(self._database, self._counts, audience)

    async def newest(self, query: Document, most: int) -> Sequence[int]:
        """Return the numbers of the newest events of a query."""
        rows = (
            await self._database["events"].find(query, {"_id": 1}).sort("_id", -1).limit(most).to_list(None)
        )
        return [row["_id"] for row in rows]

    async def narrowed(self, audience: Audience, wanted: EventFilter, order: Sequence[str] = ()) -> EventList:
        """Return what somebody sees of what they ask for; `order` are keys, descending with a minus."""
        types = await self._types.with_slugs(wanted.types) if wanted.types else []
        camps = await self._types.with_slugs([TABOR]) if wanted.kind else []
        clauses = wanted.clauses(types, camps)
        ranged = bool(wanted.spans)
        return EventList(self._database, self._counts, audience, clauses, read_order(order), ranged=ranged)
