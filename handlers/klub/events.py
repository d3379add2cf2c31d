"""Events: the public ones, for everybody; all that callers may see or manage, for the frontend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from handlers.core.dialect import Route
from handlers.core.errors import NotFound
from handlers.core.operation import operation
from handlers.core.rest.fields import as_patch, to_id
from handlers.klub.access import ANYONE
from handlers.klub.event_filters import EventQuery, split
from handlers.klub.event_handlers import EDITORS, MAKERS, VIEWERS, EventEditor, EventFields, EventShower
from handlers.klub.event_objects import EventDetail, EventObject, Surroundings
from handlers.klub.event_schemas import EventBody
from handlers.klub.paging import Page, PageQuery
from storage.klub.event import Event
from storage.klub.event_queries import Audience


class FiguresQuery(BaseModel):
    """Which interactions of an event to count."""

    interaction_type_id: str = Field("", description="the id of an interaction type")


class PublicEventsHandler(EventShower):
    """The public events."""

    @property
    def query_context(self) -> Mapping[str, Any]:
        """Return what queries may name."""
        return {"programs": self.services.settings.organization_finance_program_types}

    @operation(access=ANYONE, query=EventQuery, returns=Page[EventObject])
    async def get(self, query: EventQuery) -> Page[EventObject]:
        """List the public events."""
        order = split(query.ordering)
        return await self.show_page(
            await self.stores.event_lists.narrowed(Audience(), query.filter, order), query
        )


class PublicEventHandler(EventShower):
    """One public event."""

    event: Event

    async def find(self, event: int) -> None:
        """Find the event."""
        self.event = await self.stores.events.find(event)
        if not self.event.public:
            raise NotFound

    @operation(access=ANYONE, query=FiguresQuery, returns=EventDetail)
    async def get(self, query: FiguresQuery) -> EventDetail:
        """Return a public event with what it has come to."""
        figures = await self.stores.event_figures.of(self.event.id, to_id(query.interaction_type_id))
        around = await Surroundings.of([self.event], self.stores, self.base_url)
        return around.detail(self.event, figures)


class EventsHandler(EventFields):
    """The events that the caller may see."""

    @operation(access=VIEWERS, query=PageQuery, returns=Page[EventObject])
    async def get(self, query: PageQuery) -> Page[EventObject]:
        """List the events that the caller may see."""
        audience = self.stores.rights.audience(self.member, self.standing)
        return await self.show_page(self.stores.event_lists.seen_by(audience), query)

    @operation(access=MAKERS, body=EventBody, returns=EventObject, status=201)
    async def post(self, body: EventBody) -> EventObject:
        """Make an event; the caller joins its team."""
        self.check_units(set(body.administrative_units))
        return (await self.show(await self.stores.events.create(body.stored, self.owner)))[0]


class EventHandler(EventEditor):
    """One event that the caller may see."""

    async def find(self, event: int) -> None:
        """Find the event."""
        await self.find_managed(event)

    @operation(access=VIEWERS, returns=EventObject)
    async def get(self) -> EventObject:
        """Return an event."""
        return (await self.show(self.event))[0]

    patch = operation(access=EDITORS, body=as_patch(EventBody), returns=EventObject)(EventEditor.change)
    put = operation(access=EDITORS, body=EventBody, returns=EventObject)(EventEditor.change)


ROUTES = (
    *(
        route
        for path in ("/api/bronto/event/", "/api/event/")
        for route in (Route(path, PublicEventsHandler), Route(path + "{event}/", PublicEventHandler))
    ),
    Route("/api/frontend/events/", EventsHandler),
    Route("/api/frontend/events/{event}/", EventHandler),
)
