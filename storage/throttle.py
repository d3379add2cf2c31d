"""Rate limits in MongoDB: fixed windows that start at the first call and hold over all processes."""

from __future__ import annotations

import math
import secrets
from collections import Counter
from collections.abc import AsyncIterable, Sequence
from typing import NamedTuple

from storage.batching import Batcher
from storage.database import DUPLICATE_KEY, Database, Index, index
from storage.driver import BulkWriteError, Document, UpdateOne
from storage.errors import Exhausted


class Call(NamedTuple):
    """One call to be counted: the limit's name, whom it is counted for, what a window (seconds) allows."""

    limit: str
    key: str
    allowed: float
    seconds: int

    @property
    def id(self) -> str:
        """Return the `_id` of the window's document."""
        return f"{self.limit}:{self.key}"


class Throttle:
    """Counts calls; those of one moment share two round trips, whoever makes them.

    Each process notes the count that its own increment reached under a name of its own, so that
    reading it back is exact although other processes count in the same document.
    """

    INDEXES: tuple[Index, ...] = (index("rate_limits", "expires", expire_after=0),)

    def __init__(self, database: Database) -> None:
        self._windows = database.light("rate_limits")
        self._process = secrets.token_hex(6)
        self._batcher: Batcher[Call, None] = Batcher(self._run)

    async def count(self, call: Call) -> None:
        """Count the call, or raise Exhausted when its window has no room left."""
        await self._batcher.submit(call)

    async def peek(self, calls: Sequence[Call]) -> None:
        """Raise Exhausted where one of the windows has no room left; count nothing."""
        known = {call.id: call for call in calls}
        left = {"$subtract": ["$expires", "$$NOW"]}
        async for row in self._windows.find({"_id": {"$in": list(known)}}, {"count": 1, "left": left}):
            call = known[row["_id"]]
            if row["left"] > 0 and row["count"] >= call.allowed:
                raise self._refuse(call, row)

    async def _run(self, calls: Sequence[Call]) -> Sequence[Exhausted | None]:
        amounts = Counter(call.id for call in calls)
        windows = {call.id: call for call in calls}
        await self._write([self._increment(call, amounts[name]) for name, call in windows.items()])
        rows = {row["_id"]: row async for row in self._read(list(windows))}
        places = {name: row["count"] - amounts[name] for name, row in rows.items()}
        verdicts: list[Exhausted | None] = []
        for call in calls:
            places[call.id] += 1
            over = places[call.id] > call.allowed
            verdicts.append(self._refuse(call, rows[call.id]) if over else None)
        return verdicts

    def _increment(self, call: Call, amount: int) -> UpdateOne:
        counted = {"$add": [{"$cond": ["$open", "$count", 0]}, amount]}
        end = {"$cond": ["$open", "$expires", {"$add": ["$$NOW", call.seconds * 1000]}]}
        steps: list[Document] = [
            {"$set": {"open": {"$gt": ["$expires", "$$NOW"]}}},
            {"$set": {"count": counted, "expires": end}},
            {"$set": {f"seen.{self._process}": "$count"}},
            {"$unset": "open"},
        ]
        return UpdateOne({"_id": call.id}, steps, upsert=True)

    async def _write(self, updates: list[UpdateOne]) -> None:
        try:
            await self._windows.bulk_write(updates, ordered=False)
        except BulkWriteError as error:
            failed = error.details.get("writeErrors", ())
            if any(each.get("code") != DUPLICATE_KEY for each in failed):
                raise
            # Another process made the window in the same moment: it exists now, count into it.
            await self._windows.bulk_write([updates[each["index"]] for each in failed], ordered=False)

    def _read(self, names: list[str]) -> AsyncIterable[Document]:
        """Read the counts that this process reached, with the milliseconds left by the server's clock."""
        return self._windows.find(
            {"_id": {"$in": names}},
            {"count": f"$seen.{self._process}", "left": {"$subtract": ["$expires", "$$NOW"]}},
        )

    @staticmethod
    def _refuse(call: Call, row: Document) -> Exhausted:
        return Exhausted(call.limit, max(1, math.ceil(row["left"] / 1000)))
