"""What people do with events and with the club: types of interactions, in categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from storage.counters import Counters
from storage.database import Database, Index, index
from storage.driver import Collection, Document, DuplicateKeyError
from storage.klub.register import Register

TYPES, CATEGORIES = "interaction_types", "interaction_categories"
REGISTRATION, ATTENDANCE = "event_registration", "event_attendance"


@dataclass(frozen=True, slots=True)
class Category:
    """A category of types."""

    id: int
    category: str
    slug: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        return cls(row["_id"], row["category"], row["slug"])


@dataclass(frozen=True, slots=True)
class InteractionType:
    """A type of interactions; `category` is the number of its category."""

    id: int
    name: str
    slug: str
    category: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        return cls(row["_id"], row["name"], row["slug"], row["category"])


@dataclass(frozen=True, slots=True)
class Kind:
    """A type by its slugs, with the names that it gets where it has to be made."""

    category: str
    category_name: str
    slug: str
    name: str


EVENTS = "event_interaction"  # the category of what people do at events
EVENTS_NAME = "Event interaction"
REGISTERING = Kind(EVENTS, EVENTS_NAME, REGISTRATION, "Registrace do akci")
ATTENDING = Kind(EVENTS, EVENTS_NAME, ATTENDANCE, "Účast na akci")
VOLUNTEERING = Kind("volunteer", "Nabídka o pomoci", "volunteer", "Nabídka o pomoci")
JOINING = Kind("membership", "Členství", "membership-application", "Žadost o Členství")
FIRST = (REGISTERING, ATTENDING)


class InteractionCategories(Register[Category]):
    """The `interaction_categories` collection."""

    INDEXES: tuple[Index, ...] = (index(CATEGORIES, "slug", unique=True),)

    def __init__(self, database: Database) -> None:
        super().__init__(database, CATEGORIES, Category)


class InteractionTypes(Register[InteractionType]):
    """The `interaction_types` collection; a slug is unique within its category."""

    INDEXES: tuple[Index, ...] = (
        index(TYPES, "slug", "category", unique=True),
        index(TYPES, "category"),
    )

    def __init__(self, database: Database, counters: Counters) -> None:
        super().__init__(database, TYPES, InteractionType)
        self._database = database
        self._categories = database[CATEGORIES]
        self._counters = counters

    async def ensure_first(self) -> None:
        """Make the types that exist from the start, where they are missing."""
        for kind in FIRST:
            await self.obtain(kind)

    async def obtain(self, kind: Kind) -> InteractionType:
        """Return a type, which is made with its category where it is missing."""
        category = await self._obtain(
            CATEGORIES, self._categories, {"slug": kind.category}, {"category": kind.category_name}
        )
        wanted = {"slug": kind.slug, "category": category["_id"]}
        return InteractionType.of(await self._obtain(TYPES, self._rows, wanted, {"name": kind.name}))

    async def _obtain(self, name: str, rows: Collection, wanted: Document, given: Document) -> Document:
        while (row := await rows.find_one(wanted)) is None:
            try:
                await rows.insert_one({"_id": await self._counters.take(name), **wanted, **given})
            except DuplicateKeyError:  # somebody else made it in the same moment
                continue
        return row

    async def of_events(self) -> Mapping[int, InteractionType]:
        """Return what people can do at events, by number."""
        own: Document = {"from": TYPES, "localField": "_id", "foreignField": "category", "as": "types"}
        steps: list[Document] = [{"$match": {"slug": EVENTS}}, {"$lookup": own}]
        found = {}
        async for category in await self._database.aggregate(CATEGORIES, steps):
            found = {row["_id"]: InteractionType.of(row) for row in category["types"]}
        return found

    async def with_slug(self, slug: str) -> Sequence[InteractionType]:
        """Return the types that have a slug, in whatever category."""
        return [InteractionType.of(row) for row in await self._rows.find({"slug": slug}).to_list(None)]
