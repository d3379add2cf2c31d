"""Administrative units, open to everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.klub.access import ANYONE
from handlers.klub.rules import KlubHandler
from storage.klub.units import Unit


@dataclass(frozen=True, slots=True)
class UnitObject:
    """A unit, with the names of those who lead it."""

    id: int
    name: str
    street: str
    city: str
    zip_code: str
    telephone: str
    from_email_address: str
    web_url: str | None
    president_name: str | None
    manager_name: str | None
    gps_latitude: float | None
    gps_longitude: float | None
    level: str


class UnitShower(KlubHandler):
    """Shows units."""

    async def show(self, units: Sequence[Unit]) -> list[UnitObject]:
        """Put in the names, in one query whatever the number of units."""
        leaders = (number for unit in units for number in (unit.president, unit.manager))
        names = await self.stores.units.names_of(leaders)
        return [
            UnitObject(
                unit.id,
                unit.name,
                unit.street,
                unit.city,
                unit.zip_code,
                unit.telephone,
                unit.from_email_address,
                unit.web_url,
                names.get(unit.president or 0),
                names.get(unit.manager or 0),
                unit.gps_latitude,
                unit.gps_longitude,
                unit.level,
            )
            for unit in units
        ]


class UnitsHandler(UnitShower):
    """All units."""

    @operation(access=ANYONE, returns=list[UnitObject])
    async def get(self) -> list[UnitObject]:
        """List the administrative units."""
        return await self.show(await self.stores.units.all())


class UnitHandler(UnitShower):
    """One unit."""

    unit: Unit

    async def find(self, unit: int) -> None:
        """Find the unit."""
        self.unit = await self.stores.units.find(unit)

    @operation(access=ANYONE, returns=UnitObject)
    async def get(self) -> UnitObject:
        """Return an administrative unit."""
        return (await self.show([self.unit]))[0]


ROUTES = tuple(
    route
    for path in ("/api/bronto/administrative_unit/", "/api/administrative_unit/")
    for route in (Route(path, UnitsHandler), Route(path + "{unit}/", UnitHandler))
)
