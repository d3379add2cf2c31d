"""The first pages of lists that nothing narrows, which everybody reads: rows and total in one round trip."""

from __future__ import annotations

from collections.abc import Sequence

from storage.comics.choosing import read_tally, tally_stage
from storage.comics.errors import refusals
from storage.comics.planning import SHALLOW, Keys
from storage.comics.sharing import Sharing
from storage.database import Database
from storage.driver import Document, settled

Front = tuple[int, Sequence[Document]]  # how many there are, and those of the page


class Fronts:
    """Reads the first pages of a collection, in an order that an index has."""

    def __init__(
        self, database: Database, sharing: Sharing, collection: str, order: Keys, count: str
    ) -> None:
        self._rows = database[collection]
        self._sharing = sharing
        self._collection = collection
        self._order = order
        self._count = count  # the field of comics that holds how many are theirs

    async def page(self, offset: int, limit: int, patience: int) -> Front | None:
        """Return one page; None where it lies too deep, or comics keep no counts; raises Slow."""
        if offset + limit > SHALLOW:
            return None
        key = (self._collection, offset, limit, patience)
        return await self._sharing.read(key, lambda: self._read(offset, limit, patience))

    async def _read(self, offset: int, limit: int, patience: int) -> Front | None:
        tally: Document = {"coll": "comics", "pipeline": [tally_stage(self._count)]}
        skip: list[Document] = [{"$skip": offset}] if offset else []
        page: list[Document] = [{"$sort": dict(self._order)}, *skip, {"$limit": limit}, {"$unionWith": tally}]
        with refusals():
            cursor = await settled(self._rows.aggregate(page, maxTimeMS=patience))
            found = [row async for row in cursor]
        tallied = [found.pop()] if found and found[-1]["_id"] is None else []
        total = read_tally(tallied)
        return None if total is None else (total, found[: max(0, total - offset)])
