"""Lists of people, for those who look after the members."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass

from storage.database import Database
from storage.driver import Document, ObjectId

BATCH = 100  # documents that are in memory at a time
PAGE = 50


@dataclass(frozen=True, slots=True)
class Search:
    """A text, in any case and in any one of the fields."""

    text: str
    fields: frozenset[str]

    def filter(self) -> Document:
        """Return the query; the text stands for itself, whatever signs are in it."""
        literal = {"$regex": re.escape(self.text), "$options": "i"}
        return {"$or": [{name: literal} for name in sorted(self.fields)]}


class People:
    """Reads many accounts at once; `hidden` names the fields that stay in the database."""

    def __init__(self, database: Database) -> None:
        self._users = database["users"]

    async def everyone(self, hidden: Collection[str]) -> AsyncGenerator[list[Document], None]:
        """Yield all accounts in batches, oldest first."""
        cursor = self._users.find({}, dict.fromkeys(hidden, 0)).sort("timestamp", 1).batch_size(BATCH)
        batch: list[Document] = []
        try:
            async for person in cursor:
                batch.append(person)
                if len(batch) == BATCH:
                    yield batch
                    batch = []
            if batch:
                yield batch
        finally:
            await cursor.close()

    async def search(
        self, searches: Sequence[Search], page: int, hidden: Collection[str]
    ) -> tuple[list[Document], int]:
        """Return a page, counted from 0, of who matches one of the searches, and how many there are."""
        query: Document = {"$or": [each.filter() for each in searches]}
        found = self._users.find(query, dict.fromkeys(hidden, 0)).sort("_id", 1).skip(page * PAGE).limit(PAGE)
        return await found.to_list(None), await self._users.count_documents(query)

    async def set_flag(self, oid: ObjectId, name: str, value: bool) -> None:
        """Set one flag of an account; raises nothing where it is gone."""
        await self._users.update_one({"_id": oid}, {"$set": {name: value}})

    async def by_ids(self, oids: Collection[ObjectId], fields: Collection[str]) -> dict[ObjectId, Document]:
        """Return some fields of several accounts."""
        rows = await self._users.find({"_id": {"$in": list(oids)}}, dict.fromkeys(fields, 1)).to_list(None)
        return {row["_id"]: row for row in rows}
