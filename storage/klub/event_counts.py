"""How many events there are, known without counting them: lists say it on every page."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from storage.database import Database, Restart
from storage.driver import Document, DuplicateKeyError, ObjectId, Session

KEY = "events"
MOST_COUNTS = 512


@dataclass(frozen=True, slots=True)
class Tally:
    """Numbers of events; `stamp` is another one after every change that lists could show."""

    stamp: ObjectId
    all: int
    public: int


class EventCounts:
    """One document with the numbers, changed in the transactions that change events.

    Numbers of filtered lists can't be kept this way. They are counted once for each stamp and process.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._numbers = database["event_counts"]
        self._events = database["events"]
        self._counts: OrderedDict[tuple[ObjectId, bytes], int] = OrderedDict()

    async def read(self) -> Tally:
        """Return the present numbers."""
        row = await self._numbers.find_one({"_id": KEY})
        if row is None:
            await self.recount()
            row = await self._numbers.find_one({"_id": KEY})
        assert row is not None
        return Tally(row["stamp"], row["all"], row["public"])

    async def note(self, more: int, more_public: int, session: Session) -> None:
        """Note what a transaction changes; the last thing that it does, since all of them write here."""
        found = await self._numbers.update_one(
            {"_id": KEY},
            {"$inc": {"all": more, "public": more_public}, "$set": {"stamp": ObjectId()}},
            session=session,
        )
        if not found.matched_count:
            # Whoever counts first must not miss events that are being made right now.
            await self.recount()
            raise Restart

    async def recount(self) -> None:
        """Count anew, after events came by another way than one by one."""

        async def work(session: Session) -> None:
            every = await self._events.count_documents({}, session=session)
            public = await self._events.count_documents({"public_on_web": True}, session=session)
            numbers = {"all": every, "public": public, "stamp": ObjectId()}
            await self._numbers.update_one({"_id": KEY}, {"$set": numbers}, upsert=True, session=session)

        try:
            await self._database.transaction(work)
        except DuplicateKeyError:  # somebody else counted in the same moment
            return

    async def count(self, query: Document) -> int:
        """Count the events of a query, unless nothing has changed since they were counted."""
        stamp = (await self.read()).stamp
        key = (stamp, hashlib.sha256(repr(query).encode("utf-8", "replace")).digest())
        if (known := self._counts.get(key)) is not None:
            self._counts.move_to_end(key)
            return known
        found = self._counts[key] = await self._events.count_documents(query)
        if len(self._counts) > MOST_COUNTS:
            self._counts.popitem(last=False)
        return found
