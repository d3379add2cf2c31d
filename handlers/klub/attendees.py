"""Who takes part in an event, for those who manage it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.core.rest.handler import Refused
from handlers.klub.access import MANAGERS
from handlers.klub.moments import write_moment
from handlers.klub.my_events import InteractionBody, InteractionFields, Types
from handlers.klub.paging import Page, PageQuery
from handlers.klub.references import named, pk
from handlers.klub.team import OUTSIDE, find_managed
from storage.klub.directory import Entry
from storage.klub.interaction import Interaction
from storage.klub.interactions import InteractionList
from storage.stores import Stores


class AttendeeBody(InteractionBody):
    """Who does what at an event."""

    user: Annotated[int, pk("people")]


class EventQuery(BaseModel):
    """Which event."""

    model_config = ConfigDict(extra="ignore")

    event: str = Field("", description="the id of the event; superusers may leave it out")


class AttendeesQuery(EventQuery, PageQuery):
    """Which page of which event's list."""


@dataclass(frozen=True, slots=True)
class AttendeeObject:
    """An interaction at an event, with whose it is."""

    id: int
    event: int | None
    note: str | None
    updated: str | None
    created: str | None
    type__slug: str
    summary: str
    user: int
    user__first_name: str
    user__last_name: str
    user__nickname: str
    user__city: str

    @classmethod
    def of(cls, found: Interaction, types: Types, person: Entry | None) -> AttendeeObject:
        """Show an interaction; `person` is whose it is."""
        return cls(
            found.id,
            found.event,
            found.note,
            write_moment(found.updated),
            write_moment(found.created),
            types[found.type].slug,
            found.summary,
            found.user,
            person.first_name if person is not None else "",
            person.last_name if person is not None else "",
            person.nickname if person is not None else "",
            person.city if person is not None else "",
        )


async def show(found: Sequence[Interaction], types: Types, stores: Stores) -> list[AttendeeObject]:
    """Put in whose the interactions are, in one query."""
    people = await stores.directory.some(each.user for each in found)
    return [AttendeeObject.of(each, types, people.get(each.user)) for each in found]


class ShownAttendees:
    """The interactions of events as they are shown to those who manage them."""

    def __init__(self, found: InteractionList, types: Types, stores: Stores) -> None:
        self._found = found
        self._types = types
        self._stores = stores

    async def total(self) -> int:
        """Count the interactions."""
        return await self._found.total()

    async def window(self, offset: int, limit: int) -> Sequence[AttendeeObject]:
        """Read some."""
        return await show(await self._found.window(offset, limit), self._types, self._stores)


class AttendanceFields(InteractionFields):
    """What concerns the event in the query, for those who manage it; `event` None stands for all events."""

    event: int | None = None

    async def locate(self) -> None:
        """Find the event before anybody who takes part in it."""
        if self.request.method in {"GET", "HEAD", "DELETE"}:
            asked = self.get_query_argument("event", "").strip()
            if asked or not self.standing.superuser:
                self.event = (await find_managed(self, asked)).id
        await super().locate()


class AttendeesHandler(AttendanceFields):
    """Who takes part in an event."""

    people: Mapping[int, Entry]

    async def known(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return which of the named events and people there are."""
        self.people = await self.stores.directory.some(named(fields, "user"))
        return {**await super().known(fields), "people": self.people}

    @operation(access=MANAGERS, query=AttendeesQuery, returns=Page[AttendeeObject])
    async def get(self, query: AttendeesQuery) -> Page[AttendeeObject]:
        """List what people do at an event."""
        found = self.stores.interactions.listed(self.types, event=self.event)
        shown = ShownAttendees(found, self.types, self.stores)
        return await self.paginate(shown, query)

    @operation(access=MANAGERS, body=AttendeeBody, returns=AttendeeObject, status=201)
    async def post(self, body: AttendeeBody) -> AttendeeObject:
        """Register somebody for an event, or mark their attendance."""
        kind = await self.read_type(body.type__slug)
        event = self.events[body.event]
        if not self.stores.rights.manages(self.member, self.standing, event):
            raise Refused(403, OUTSIDE)
        draft = await self.stores.interactions.at(event, kind, note=body.note, summary=body.summary)
        made = await self.stores.interactions.add(draft, body.user)
        return AttendeeObject.of(made, self.types, self.people[body.user])


class AttendeeHandler(AttendanceFields):
    """One thing that somebody does at an event."""

    interaction: Interaction

    async def find(self, interaction: int) -> None:
        """Find the interaction at the event."""
        self.interaction = await self.stores.interactions.find(interaction, self.types, event=self.event)

    @operation(access=MANAGERS, query=EventQuery, returns=AttendeeObject)
    async def get(self, query: EventQuery) -> AttendeeObject:
        """Return what somebody does at an event."""
        return (await show([self.interaction], self.types, self.stores))[0]

    @operation(access=MANAGERS, query=EventQuery, status=204)
    async def delete(self, query: EventQuery) -> None:
        """Delete what somebody does at an event; whose last registration it was counts as cancelled."""
        await self.stores.interactions.remove(self.interaction)


ROUTES = (
    Route("/api/frontend/attendees/", AttendeesHandler),
    Route("/api/frontend/attendees/{interaction}/", AttendeeHandler),
)
