"""The teams of events: who organizes them, and as what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from handlers.core.dialect import Route
from handlers.core.errors import NotFound
from handlers.core.operation import operation
from handlers.core.rest.fields import Body, to_id
from handlers.core.rest.handler import Refused
from handlers.klub.access import MANAGERS
from handlers.klub.paging import Page, PageQuery
from handlers.klub.references import named, pk
from handlers.klub.rules import KlubHandler
from storage.accounts import Member
from storage.klub.event import Event
from storage.klub.team import Seat, Seats
from storage.stores import Stores

OUTSIDE = {"event": "Must be a member of org team"}


@dataclass(frozen=True, slots=True)
class SeatObject:
    """Somebody's position in the team."""

    id: int
    profile_id: int
    position_id: int
    position_name: str


class SeatBody(Body):
    """Who gets which position."""

    profile_id: Annotated[int, pk("people")]
    position_id: Annotated[int, pk("positions")]


class TeamQuery(BaseModel):
    """Which event's team."""

    model_config = ConfigDict(extra="ignore")

    event: str = Field(description="the id of the event")


class SeatsQuery(TeamQuery, PageQuery):
    """Which page of which event's team."""


class ShownSeats:
    """The seats of an event as they are shown."""

    def __init__(self, seats: Seats, stores: Stores) -> None:
        self._seats = seats
        self._stores = stores

    async def total(self) -> int:
        """Count the seats."""
        return await self._seats.total()

    async def window(self, offset: int, limit: int) -> Sequence[SeatObject]:
        """Read some seats."""
        return await show(await self._seats.window(offset, limit), self._stores)


async def show(seats: Sequence[Seat], stores: Stores) -> list[SeatObject]:
    """Put the names of positions in, in one query."""
    positions = await stores.positions.some(seat.position for seat in seats)
    names = {number: position.name for number, position in positions.items()}
    return [SeatObject(seat.id, seat.user, seat.position, names.get(seat.position, "")) for seat in seats]


class TeamHandler(KlubHandler):
    """What concerns the team of the event in the query, for those who manage it."""

    event: Event
    manages = False

    async def locate(self) -> None:
        """Find the event before anything of its team."""
        if self.request.method != "OPTIONS":
            self.event = await find_managed(self, self.get_query_argument("event", "").strip())
            self.manages = True
        await super().locate()


async def find_managed(handler: KlubHandler, asked: str) -> Event:
    """Find the event that a query names; raises NotFound, and Refused to who doesn't manage it."""
    if not asked:
        raise Refused(403, OUTSIDE)
    number = to_id(asked)
    if number is None:
        raise NotFound
    event = await handler.stores.events.find(number)
    if not handler.stores.rights.manages(handler.member, handler.standing, event):
        raise Refused(403, OUTSIDE)
    return event


class SeatsHandler(TeamHandler):
    """The team of an event."""

    person: Member

    async def known(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return which of the named people and positions there are."""
        positions = await self.stores.positions.some(named(fields, "position_id"))
        number = to_id(fields.get("profile_id"))
        member = await self.stores.accounts.by_number(number) if number is not None else None
        if member is not None:
            self.person = member
        return {"people": [member.id] if member is not None else [], "positions": positions}

    @operation(access=MANAGERS, query=SeatsQuery, returns=Page[SeatObject])
    async def get(self, query: SeatsQuery) -> Page[SeatObject]:
        """List the team of an event."""
        seats = ShownSeats(self.stores.team.of_event(self.event.id), self.stores)
        return await self.paginate(seats, query)

    @operation(access=MANAGERS, query=TeamQuery, body=SeatBody, returns=SeatObject, status=201)
    async def post(self, query: TeamQuery, body: SeatBody) -> SeatObject:
        """Give somebody a position in the team of an event."""
        seat = await self.stores.team.add(self.event.id, self.person, body.position_id)
        return (await show([seat], self.stores))[0]


class SeatHandler(TeamHandler):
    """One position in the team of an event."""

    seat: Seat

    async def find(self, seat: int) -> None:
        """Find the position."""
        self.seat = await self.stores.team.find(self.event.id, seat)

    @operation(access=MANAGERS, query=TeamQuery, returns=SeatObject)
    async def get(self, query: TeamQuery) -> SeatObject:
        """Return somebody's position in the team of an event."""
        return (await show([self.seat], self.stores))[0]

    @operation(access=MANAGERS, query=TeamQuery, status=204)
    async def delete(self, query: TeamQuery) -> None:
        """Take a position in the team of an event away."""
        await self.stores.team.remove(self.event.id, self.seat.id)


ROUTES = (
    Route("/api/frontend/event_orgteam/", SeatsHandler),
    Route("/api/frontend/event_orgteam/{seat}/", SeatHandler),
)
