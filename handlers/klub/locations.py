"""Locations: where events happen; kept by those who make events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.core.rest.body import Spelling
from handlers.core.rest.fields import Body, as_patch, text
from handlers.klub.access import ORGANIZERS
from handlers.klub.rules import KlubHandler
from handlers.klub.scalars import Number
from storage.klub.places import Location

LONGEST = 100


class LocationBody(Body):
    """A location."""

    name: Annotated[str, Field(max_length=LONGEST), text(LONGEST)]
    place: Annotated[str, Field(max_length=LONGEST), text(LONGEST, blank=True)] = ""
    region: Annotated[str, Field(max_length=LONGEST), text(LONGEST, blank=True)] = ""
    gps_latitude: Number = None
    gps_longitude: Number = None


class LocationFields(KlubHandler):
    """Takes the fields of locations."""

    spelling = Spelling(nullable=("gps_latitude", "gps_longitude"))


class LocationsHandler(LocationFields):
    """All locations."""

    @operation(access=ORGANIZERS, returns=list[Location])
    async def get(self) -> Sequence[Location]:
        """List the locations."""
        return await self.stores.locations.all()

    @operation(access=ORGANIZERS, body=LocationBody, returns=Location, status=201)
    async def post(self, body: LocationBody) -> Location:
        """Make a location."""
        return await self.stores.locations.add(body.model_dump())


class LocationHandler(LocationFields):
    """One location."""

    location: Location

    async def find(self, location: int) -> None:
        """Find the location."""
        self.location = await self.stores.locations.find(location)

    @operation(access=ORGANIZERS, returns=Location)
    async def get(self) -> Location:
        """Return a location."""
        return self.location

    async def change(self, body: LocationBody) -> Location:
        """Change what is sent of a location."""
        return await self.stores.locations.change(self.location.id, body.changes)

    patch = operation(access=ORGANIZERS, body=as_patch(LocationBody), returns=Location)(change)
    put = operation(access=ORGANIZERS, body=LocationBody, returns=Location)(change)

    @operation(access=ORGANIZERS, status=204)
    async def delete(self) -> None:
        """Delete a location; its events have none then."""
        await self.stores.locations.remove(self.location.id)


ROUTES = tuple(
    route
    for path in ("/api/frontend/location/", "/api/frontend/locations/")
    for route in (Route(path, LocationsHandler), Route(path + "{location}/", LocationHandler))
)
