"""What the handlers of events share: how events are shown, what their bodies may name."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from handlers.core.errors import NotFound
from handlers.core.rest.handler import Refused
from handlers.klub.access import ANYONE, ORGANIZERS, Access
from handlers.klub.event_objects import EventObject, Surroundings
from handlers.klub.event_schemas import FORMS, EventBody
from handlers.klub.paging import Page, PageQuery
from handlers.klub.photos import PhotoUpload
from handlers.klub.references import named
from handlers.klub.rules import KlubHandler
from storage.klub.event import Event
from storage.klub.event_queries import EventList

NO_ORGANIZER = {"error": "must be an event organizer"}
MAKERS = ORGANIZERS.where("of every administrative unit of the event").saying(NO_ORGANIZER)
VIEWERS = ANYONE.where("events that are public, or that the caller may see")
EDITORS = Access(
    "who manages the event; new administrative units must be theirs", lambda _: True, anonymous=True
).saying(NO_ORGANIZER)


class ShownEvents:
    """A list of events as they are shown."""

    def __init__(self, events: EventList, handler: EventShower) -> None:
        self._events = events
        self._handler = handler

    async def total(self) -> int:
        """Count the events."""
        return await self._events.total()

    async def window(self, offset: int, limit: int) -> Sequence[EventObject]:
        """Read some of the events."""
        return await self._handler.show(*await self._events.window(offset, limit))


class EventShower(KlubHandler):
    """Shows events."""

    async def show(self, *events: Event) -> list[EventObject]:
        """Expand events."""
        around = await Surroundings.of(events, self.stores, self.base_url)
        return [around.show(each) for each in events]

    async def show_page(self, events: EventList, query: PageQuery) -> Page[EventObject]:
        """Return the page of a list that was asked for."""
        return await self.paginate(ShownEvents(events, self), query)


class EventFields(PhotoUpload, EventShower):
    """Takes the fields of events."""

    spelling = FORMS

    async def known(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what bodies may name."""
        stores = self.stores
        units, types, locations = await asyncio.gather(
            stores.units.some(named(fields, "administrative_units")),
            stores.event_types.some(named(fields, "event_type_id")),
            stores.locations.some(named(fields, "location_id")),
        )
        programs = self.services.settings.organization_finance_program_types
        return {"programs": programs, "units": units, "types": types, "locations": locations}

    def check_units(self, units: set[int]) -> None:
        """Check that the caller covers the units that an event gets."""
        if not all(map(self.standing.covers, units)):
            raise Refused(403, NO_ORGANIZER)


class EventEditor(EventFields):
    """One event that can be changed; a subclass finds it."""

    event: Event
    manages = False

    async def change(self, body: EventBody) -> EventObject:
        """Change what is sent of an event; a new photo replaces the old one."""
        if "administrative_units" in body.model_fields_set:
            self.check_units(set(body.administrative_units) - set(self.event.units))
        return (await self.show(await self.stores.events.change(self.event.id, body.stored)))[0]

    async def find_managed(self, number: int) -> None:
        """Find an event that the caller sees; who wants to change it has to manage it."""
        event = await self.stores.events.find(number)
        rights = self.stores.rights
        if not rights.may_see(self.member, self.standing, event):
            raise NotFound
        self.manages = rights.manages(self.member, self.standing, event)
        if self.request.method in {"PUT", "PATCH"} and not self.manages:
            raise Refused(403, NO_ORGANIZER)
        self.event = event
