"""What events are sorted by and where they are: event types and locations; and positions in their teams."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self

from storage.counters import Counters
from storage.database import Database, Index, index
from storage.driver import Document, DuplicateKeyError, ReturnDocument, Session
from storage.errors import NotFound, Rejected
from storage.klub.register import Register

TYPES, LOCATIONS, POSITIONS = "event_types", "locations", "organization_positions"
CREATOR = "Event creator"


@dataclass(frozen=True, slots=True)
class EventType:
    """A kind of events; `unit` is the administrative unit that it belongs to."""

    id: int
    name: str
    slug: str
    description: str
    unit: int | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        return cls(row["_id"], row["name"], row["slug"], row.get("description") or "", row.get("unit"))


@dataclass(frozen=True, slots=True)
class Location:
    """A place where events happen."""

    id: int
    name: str
    place: str
    region: str
    gps_latitude: float | None
    gps_longitude: float | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        place, region = row.get("place") or "", row.get("region") or ""
        return cls(row["_id"], row["name"], place, region, row.get("gps_latitude"), row.get("gps_longitude"))


@dataclass(frozen=True, slots=True)
class Position:
    """What somebody does in the team of an event."""

    id: int
    name: str
    description: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        return cls(row["_id"], row["name"], row.get("description") or "")


class EventTypes(Register[EventType]):
    """The `event_types` collection; only imports write it."""

    INDEXES: tuple[Index, ...] = (index(TYPES, "slug"),)

    def __init__(self, database: Database) -> None:
        super().__init__(database, TYPES, EventType)

    async def with_slugs(self, slugs: Collection[str]) -> list[int]:
        """Return the numbers of the types with one of the slugs."""
        rows = (
            await self._rows.find({"slug": {"$in": sorted(slugs)}}, {"_id": 1}).sort("_id", 1).to_list(None)
        )
        return [row["_id"] for row in rows]


class Locations(Register[Location]):
    """The `locations` collection."""

    def __init__(self, database: Database, counters: Counters) -> None:
        super().__init__(database, LOCATIONS, Location)
        self._database = database
        self._events = database["events"]
        self._counters = counters

    async def add(self, fields: Mapping[str, Any]) -> Location:
        """Store a new one."""
        row: Document = {"_id": await self._counters.take(LOCATIONS), **fields}
        await self._rows.insert_one(row)
        return Location.of(row)

    async def change(self, number: int, fields: Mapping[str, Any]) -> Location:
        """Set fields; raises NotFound."""
        if not fields:
            return await self.find(number)
        row = await self._rows.find_one_and_update(
            {"_id": number}, {"$set": dict(fields)}, return_document=ReturnDocument.AFTER
        )
        if row is None:
            raise NotFound(LOCATIONS)
        return Location.of(row)

    async def remove(self, number: int) -> None:
        """Delete one; its events have none then; raises NotFound."""

        async def work(session: Session) -> None:
            if not (await self._rows.delete_one({"_id": number}, session=session)).deleted_count:
                raise NotFound(LOCATIONS)
            await self._events.update_many(
                {"location": number}, {"$set": {"location": None}}, session=session
            )

        await self._database.transaction(work)

    async def hold(self, number: int, session: Session) -> None:
        """Let a transaction that names a location collide with its deletion; raises Rejected."""
        found = await self._rows.update_one({"_id": number}, {"$inc": {"held": 1}}, session=session)
        if not found.matched_count:
            raise Rejected("location_id", f"location {number} does not exist")


class Positions(Register[Position]):
    """The `organization_positions` collection."""

    INDEXES: tuple[Index, ...] = (
        index(POSITIONS, "name"),
        index(POSITIONS, "of_creators", unique=True, partial={"of_creators": True}),
    )

    def __init__(self, database: Database, counters: Counters) -> None:
        super().__init__(database, POSITIONS, Position)
        self._counters = counters

    async def of_creators(self) -> int:
        """Return the number of the position that creators of events have; made when it is missing."""
        while (row := await self._rows.find_one({"name": CREATOR}, {"_id": 1}, sort=[("_id", 1)])) is None:
            made = {"name": CREATOR, "description": "", "of_creators": True}
            try:
                await self._rows.insert_one({"_id": await self._counters.take(POSITIONS), **made})
            except DuplicateKeyError:  # somebody else made it in the same moment
                continue
        return int(row["_id"])
