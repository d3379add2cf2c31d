"""What the caller does at events: registrations and whatever else there is to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from handlers.core.dialect import Route
from handlers.core.errors import Invalid
from handlers.core.operation import operation
from handlers.core.rest.fields import Body, Text, as_patch, text
from handlers.klub.access import USER
from handlers.klub.moments import write_moment
from handlers.klub.paging import Page, PageQuery
from handlers.klub.references import named, pk
from handlers.klub.rules import KlubHandler
from storage.klub.event import Event
from storage.klub.interaction import Interaction
from storage.klub.interaction_types import InteractionType
from storage.klub.interactions import InteractionList

OWN = USER.where("their own interactions")
TYPE = "type__slug"
NO_TYPE, NOT_OF_EVENTS = "Interaction type does not exist", "Not an event interaction type"
LONGEST_NOTE = 3000

Types = Mapping[int, InteractionType]


class InteractionBody(Body):
    """What somebody does at an event."""

    event: Annotated[int, pk("events")]
    type__slug: Annotated[str, text(None)]
    note: Annotated[str | None, Field(max_length=LONGEST_NOTE), text(LONGEST_NOTE, blank=True, null=True)] = (
        None
    )
    summary: Text = ""


@dataclass(frozen=True, slots=True)
class MyEventObject:
    """An interaction of the caller."""

    id: int
    event: int | None
    note: str | None
    summary: str
    updated: str | None
    created: str | None
    type__slug: str

    @classmethod
    def of(cls, found: Interaction, types: Types) -> MyEventObject:
        """Show an interaction."""
        updated, created = write_moment(found.updated), write_moment(found.created)
        slug = types[found.type].slug
        return cls(found.id, found.event, found.note, found.summary, updated, created, slug)


class InteractionFields(KlubHandler):
    """Takes the fields of interactions at events."""

    types: Types
    events: Mapping[int, Event]

    async def locate(self) -> None:
        """Read what can be done at events, before anything that is of such a type."""
        self.types = await self.stores.interaction_types.of_events()
        await super().locate()

    async def known(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return which of the named events there are."""
        self.events = await self.stores.events.some(named(fields, "event"))
        return {"events": self.events}

    async def read_type(self, slug: str) -> InteractionType:
        """Find a type by its slug; raises Invalid."""
        for each in self.types.values():
            if each.slug == slug:
                return each
        found = await self.stores.interaction_types.with_slug(slug)
        raise Invalid.field(TYPE, NOT_OF_EVENTS if found else NO_TYPE)


class ShownInteractions:
    """The caller's interactions as they are shown."""

    def __init__(self, found: InteractionList, types: Types) -> None:
        self._found = found
        self._types = types

    async def total(self) -> int:
        """Count the interactions."""
        return await self._found.total()

    async def window(self, offset: int, limit: int) -> Sequence[MyEventObject]:
        """Read some."""
        return [MyEventObject.of(each, self._types) for each in await self._found.window(offset, limit)]


class MyEventsHandler(InteractionFields):
    """What the caller does at events."""

    @operation(access=OWN, query=PageQuery, returns=Page[MyEventObject])
    async def get(self, query: PageQuery) -> Page[MyEventObject]:
        """List the caller's interactions."""
        found = self.stores.interactions.listed(self.types, user=self.owner.id)
        return await self.paginate(ShownInteractions(found, self.types), query)

    @operation(access=OWN, body=InteractionBody, returns=MyEventObject, status=201)
    async def post(self, body: InteractionBody) -> MyEventObject:
        """Register the caller for an event, or note what else they do there."""
        kind = await self.read_type(body.type__slug)
        event = self.events[body.event]
        draft = await self.stores.interactions.at(event, kind, note=body.note, summary=body.summary)
        return MyEventObject.of(await self.stores.interactions.add(draft, self.owner.id), self.types)


class MyEventHandler(InteractionFields):
    """One interaction of the caller."""

    interaction: Interaction

    async def find(self, interaction: int) -> None:
        """Find the interaction among the caller's own."""
        self.interaction = await self.stores.interactions.find(interaction, self.types, user=self.owner.id)

    @operation(access=OWN, returns=MyEventObject)
    async def get(self) -> MyEventObject:
        """Return an interaction."""
        return MyEventObject.of(self.interaction, self.types)

    async def change(self, body: InteractionBody) -> MyEventObject:
        """Change what is sent of an interaction; at another event it counts there, and no longer here."""
        values = body.changes
        if (slug := values.pop(TYPE, None)) is not None:
            values["type"] = (await self.read_type(slug)).id
        event = self.events.get(values.pop("event", None))
        changed = await self.stores.interactions.change(self.interaction, values, event)
        return MyEventObject.of(changed, self.types)

    patch = operation(access=OWN, body=as_patch(InteractionBody), returns=MyEventObject)(change)
    put = operation(access=OWN, body=InteractionBody, returns=MyEventObject)(change)

    @operation(access=OWN, status=204)
    async def delete(self) -> None:
        """Delete an interaction; whose last registration it was counts as cancelled."""
        await self.stores.interactions.remove(self.interaction)


ROUTES = (
    Route("/api/frontend/my_events/", MyEventsHandler),
    Route("/api/frontend/my_events/{interaction}/", MyEventHandler),
)
