"""Positions that people have in the teams of events."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.klub.access import ANYONE
from handlers.klub.rules import KlubHandler
from storage.klub.places import Position


class PositionsHandler(KlubHandler):
    """All positions."""

    @operation(access=ANYONE, returns=list[Position])
    async def get(self) -> Sequence[Position]:
        """List the positions."""
        return await self.stores.positions.all()


class PositionHandler(KlubHandler):
    """One position."""

    position: Position

    async def find(self, position: int) -> None:
        """Find the position."""
        self.position = await self.stores.positions.find(position)

    @operation(access=ANYONE, returns=Position)
    async def get(self) -> Position:
        """Return a position."""
        return self.position


ROUTES = (
    Route("/api/frontend/event_organization_position/", PositionsHandler),
    Route("/api/frontend/event_organization_position/{position}/", PositionHandler),
)
