"""Offers of help to an administrative unit, of people who may be unknown."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.core.rest.fields import Text
from handlers.klub.guests import HOSTS, GuestHandler, GuestObject, VisitorBody
from handlers.klub.references import by_id, named, several
from storage.klub.interaction import Draft
from storage.klub.interaction_types import VOLUNTEERING

Reference = Field(json_schema_extra={"type": "integer"})
PROGRAMS = Field(
    description="some of the installation's programs",
    json_schema_extra={"items": {"type": "string", "format": "program"}},
)


class VolunteerBody(VisitorBody):
    """Who offers what to whom."""

    administrative_unit: Annotated[Any, Reference, by_id("units")]
    skills: Text = ""
    summary: Text = ""
    event: Annotated[Any, Reference, by_id("events")] = None
    location: Annotated[Any, Reference, by_id("locations")] = None
    program_of_interest: Annotated[list[str], PROGRAMS, several("programs")] = []


class VolunteerHandler(GuestHandler):
    """Takes offers of help."""

    async def known(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what bodies may name."""
        units, events, locations = await asyncio.gather(
            self.stores.units.some(named(fields, "administrative_unit")),
            self.stores.events.some(named(fields, "event")),
            self.stores.locations.some(named(fields, "location")),
        )
        programs = self.services.settings.organization_finance_program_types
        return {"units": units, "events": events, "locations": locations, "programs": programs}

    @operation(access=HOSTS, body=VolunteerBody, returns=GuestObject)
    async def post(self, body: VolunteerBody) -> GuestObject:
        """Take somebody's offer to help; an account is made for who has none."""
        kind = await self.stores.interaction_types.obtain(VOLUNTEERING)
        unit: int = body.administrative_unit.id
        draft = Draft(
            kind,
            body.event.id if body.event is not None else None,
            unit,
            summary=body.summary,
            subject=kind.name,
            skills=body.skills,
            location=body.location.id if body.location is not None else None,
            program_of_interest=tuple(body.program_of_interest),
        )
        return await self.receive(body, draft, unit)


ROUTES = (Route("/api/volunteer/", VolunteerHandler),)
