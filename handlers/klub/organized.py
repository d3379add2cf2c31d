"""The events whose team the caller is in."""

from __future__ import annotations

from handlers.core.dialect import Route
from handlers.core.errors import NotFound
from handlers.core.operation import operation
from handlers.core.rest.fields import as_patch
from handlers.klub.access import USER
from handlers.klub.event_handlers import EventEditor, EventShower
from handlers.klub.event_objects import EventObject
from handlers.klub.event_schemas import EventBody
from handlers.klub.paging import Page, PageQuery
from storage.klub.event_queries import Audience

TEAM = USER.where("events whose team they are in")


class OrganizedEventsHandler(EventShower):
    """The caller's events."""

    @operation(access=TEAM, query=PageQuery, returns=Page[EventObject])
    async def get(self, query: PageQuery) -> Page[EventObject]:
        """List the events that the caller helps to organize."""
        audience = Audience(public=False, member=self.owner.id)
        return await self.show_page(self.stores.event_lists.seen_by(audience), query)


class OrganizedEventHandler(EventEditor):
    """One of the caller's events."""

    async def find(self, event: int) -> None:
        """Find the event."""
        self.event = await self.stores.events.find(event)
        if self.owner.id not in self.event.team:
            raise NotFound
        self.manages = True

    @operation(access=TEAM, returns=EventObject)
    async def get(self) -> EventObject:
        """Return an event that the caller helps to organize."""
        return (await self.show(self.event))[0]

    patch = operation(access=TEAM, body=as_patch(EventBody), returns=EventObject)(EventEditor.change)
    put = operation(access=TEAM, body=EventBody, returns=EventObject)(EventEditor.change)

    @operation(access=TEAM, status=204)
    async def delete(self) -> None:
        """Delete an event and its team; what people did and paid stays."""
        await self.stores.events.remove(self.event.id)


ROUTES = (
    Route("/api/frontend/organized_events/", OrganizedEventsHandler),
    Route("/api/frontend/organized_events/{event}/", OrganizedEventHandler),
)
