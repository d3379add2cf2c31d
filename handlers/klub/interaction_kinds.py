"""Types of interactions, for everybody."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.klub.access import ANYONE
from handlers.klub.rules import KlubHandler


@dataclass(frozen=True, slots=True)
class CategoryObject:
    """The category of a type."""

    category: str
    slug: str


@dataclass(frozen=True, slots=True)
class InteractionTypeObject:
    """A type of interactions."""

    id: int
    name: str
    category: CategoryObject
    slug: str


class InteractionTypesHandler(KlubHandler):
    """All types of interactions."""

    @operation(access=ANYONE, returns=list[InteractionTypeObject])
    async def get(self) -> list[InteractionTypeObject]:
        """List the types of interactions."""
        kinds = await self.stores.interaction_types.all()
        categories = await self.stores.interaction_categories.some(each.category for each in kinds)
        shown = {number: CategoryObject(each.category, each.slug) for number, each in categories.items()}
        return [
            InteractionTypeObject(each.id, each.name, shown[each.category], each.slug)
            for each in kinds
            if each.category in shown
        ]


ROUTES = (Route("/api/interaction-type/", InteractionTypesHandler),)
