"""Sequences of integer ids, shared by every process."""

from __future__ import annotations

from storage.database import Database
from storage.driver import ReturnDocument


class Counters:
    """Named sequences that start at 1; a number that was given out is never given again."""

    def __init__(self, database: Database) -> None:
        self._counters = database["counters"]

    async def take(self, name: str, start: int = 1, count: int = 1) -> int:
        """Take the next numbers of the sequence; return the first one.

        Outside any transaction: a number lost with a refused write is cheaper than a document that
        every registration would fight for.
        """
        row = await self._counters.find_one_and_update(
            {"_id": name},
            [{"$set": {"seq": {"$add": [{"$ifNull": ["$seq", start - 1]}, count]}}}],
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        assert row is not None
        return int(row["seq"]) - count + 1
