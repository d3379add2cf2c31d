"""Things of one kind that everybody shares: units, event types, locations, positions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, Protocol, Self, TypeVar

from storage.database import Database
from storage.errors import NotFound


class Row(Protocol):
    """The typed form of a stored thing."""

    @property
    def id(self) -> int:
        """Return its number."""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""


R = TypeVar("R", bound=Row)


class Register(Generic[R]):
    """One collection whose `_id` is the number that clients know; lists go by ascending number."""

    def __init__(self, database: Database, collection: str, kind: type[R]) -> None:
        self._rows = database[collection]
        self._collection = collection
        self._kind = kind

    async def all(self) -> Sequence[R]:
        """List everything."""
        return [self._kind.of(row) for row in await self._rows.find().sort("_id", 1).to_list(None)]

    async def find(self, number: int) -> R:
        """Find one; raises NotFound."""
        row = await self._rows.find_one({"_id": number})
        if row is None:
            raise NotFound(self._collection)
        return self._kind.of(row)

    async def some(self, numbers: Iterable[int | None]) -> Mapping[int, R]:
        """Find those with one of the numbers; unknown ones are left out."""
        wanted = sorted({number for number in numbers if number is not None})
        if not wanted:
            return {}
        rows = await self._rows.find({"_id": {"$in": wanted}}).to_list(None)
        return {row["_id"]: self._kind.of(row) for row in rows}

    async def put(self, number: int, values: Mapping[str, Any]) -> None:
        """Store one under a number of its own."""
        await self._rows.insert_one({"_id": number, **values})
