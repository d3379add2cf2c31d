"""Event types, for those who make events."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.klub.access import ORGANIZERS
from handlers.klub.rules import KlubHandler
from storage.klub.places import EventType


@dataclass(frozen=True, slots=True)
class EventTypeObject:
    """An event type; `administrative_unit` is the number of the unit whose it is."""

    id: int
    name: str
    slug: str
    description: str
    administrative_unit: int | None


def show_type(kind: EventType) -> EventTypeObject:
    """Return an event type."""
    return EventTypeObject(kind.id, kind.name, kind.slug, kind.description, kind.unit)


class EventTypesHandler(KlubHandler):
    """All event types."""

    @operation(access=ORGANIZERS, returns=list[EventTypeObject])
    async def get(self) -> list[EventTypeObject]:
        """List the event types."""
        return [show_type(each) for each in await self.stores.event_types.all()]


class EventTypeHandler(KlubHandler):
    """One event type."""

    kind: EventType

    async def find(self, kind: int) -> None:
        """Find the event type."""
        self.kind = await self.stores.event_types.find(kind)

    @operation(access=ORGANIZERS, returns=EventTypeObject)
    async def get(self) -> EventTypeObject:
        """Return an event type."""
        return show_type(self.kind)


ROUTES = (
    Route("/api/frontend/event-type/", EventTypesHandler),
    Route("/api/frontend/event-type/{kind}/", EventTypeHandler),
)
