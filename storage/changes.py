"""The one change stream of a process: what was committed, in order, and word when the thread is lost."""

from __future__ import annotations

import asyncio
import enum
import logging
import time
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

from storage.database import TIDY, Database, is_outage
from storage.driver import Document, PyMongoError, Stream, Timestamp, open_stream
from storage.klub.grants import STANDING_FIELDS
from storage.statistics import COUNTED

log = logging.getLogger(__name__)

# Wide or private documents: their changes are told, of their contents only the number.
WITHHELD = ("users",)
# Of these collections only updates of certain fields are told: leases and logins change people all the time.
WATCHED_FIELDS = {"users": (*COUNTED, *STANDING_FIELDS, "name")}
WAIT_MS = 500


@dataclass(frozen=True, slots=True)
class Change:
    """A committed change, and its cluster time.

    `document` is its newest form, None once it is deleted; of what is withheld it has the `id` alone.
    """

    collection: str
    operation: str
    id: Any
    document: Mapping[str, Any] | None
    at: Timestamp | None = None


class Lost:
    """Changes before this point may have been missed: whoever follows must read everything anew."""


class Next(enum.Enum):
    """What to do after the stream failed."""

    RESUME = "resume"
    RESYNC = "resync"


def diagnose(error: BaseException) -> Next:
    """Decide whether the position may still hold after this error.

    Only while the server could not be reached, or was not the primary. Whatever else it answers (286: the
    history is gone; 280: no way on; 10334: the next event is too large; a token that it can't read), the
    same position would meet again and again; reading everything anew is always safe.
    """
    return Next.RESUME if is_outage(error) else Next.RESYNC


class Changes:
    """Follows collections with one stream; reopens it from its position when it breaks."""

    def __init__(self, database: Database, *, pause: float = 0.2) -> None:
        self._database = database
        self._pause = pause
        self._token: Mapping[str, Any] | None = None
        self.ready = asyncio.Event()
        self.heard = time.monotonic()

    @property
    def lag(self) -> float:
        """Return the seconds since the server last answered; an idle stream answers about twice a second."""
        return time.monotonic() - self.heard

    async def follow(self, collections: Collection[str]) -> AsyncGenerator[Change | Lost, None]:
        """Yield changes of the collections for ever; cancel the consumer to end it.

        Lost comes first wherever the stream begins at a new position, once it already listens: what is
        read from then on and the stream leave no gap.
        """
        while True:
            try:
                async with aclosing(self._listen(collections)) as events:
                    async for event in events:
                        yield event
                failure: Exception = RuntimeError("the stream ended by itself (was the database dropped?)")
                after = Next.RESYNC
            except (PyMongoError, StopAsyncIteration) as error:
                failure, after = error, diagnose(error)
            code = getattr(failure, "code", None) or ""
            log.warning("change stream: %s %s; %s", type(failure).__name__, code, after.value)
            if after is Next.RESYNC:
                self._token = None
            await asyncio.sleep(self._pause)

    async def _listen(self, collections: Collection[str]) -> AsyncGenerator[Change | Lost, None]:
        """Yield changes until the stream ends.

        try_next with a short server-side wait, never a cancelled next: cancelling closes the stream
        for good. Its token moves on although nothing matches, so an idle stream doesn't grow too old.
        """
        lost = self._token is None
        stream = await self._open(collections)
        try:
            if lost:
                yield Lost()
            self.ready.set()
            while stream.alive:
                event = await stream.try_next()
                self.heard = time.monotonic()
                self._token = stream.resume_token or self._token
                change = read_event(event) if event is not None else None
                if change is not None:
                    yield change
        finally:
            with suppress(PyMongoError, TimeoutError):
                async with asyncio.timeout(TIDY):
                    await stream.close()

    async def _open(self, collections: Collection[str]) -> Stream:
        number = {"$cond": [{"$gt": ["$fullDocument", None]}, {"id": "$fullDocument.id"}, "$$REMOVE"]}
        withheld = {"$cond": [{"$in": ["$ns.coll", list(WITHHELD)]}, number, "$fullDocument"]}
        pipeline: list[Document] = [
            {"$match": {"$or": [{"ns.coll": {"$in": sorted(collections)}}, {"operationType": "invalidate"}]}},
            {"$match": {"$or": [{"ns.coll": {"$nin": list(WATCHED_FIELDS)}}, {"$expr": touches_watched()}]}},
            {"$set": {"fullDocument": withheld}},
            {"$unset": "updateDescription"},
        ]
        options: Document = {"full_document": "updateLookup", "max_await_time_ms": WAIT_MS}
        if self._token is not None:
            options["resume_after"] = self._token
        return await open_stream(self._database.handle, pipeline, **options)


def touches_watched() -> Document:
    """Return the condition that an event is more than an update of fields which nobody watches."""
    changed = {
        "$concatArrays": [
            {
                "$map": {
                    "input": {"$objectToArray": {"$ifNull": ["$updateDescription.updatedFields", {}]}},
                    "in": "$$this.k",
                }
            },
            {"$ifNull": ["$updateDescription.removedFields", []]},
        ]
    }
    watched = [
        {
            "$and": [
                {"$eq": ["$ns.coll", collection]},
                {"$gt": [{"$size": {"$setIntersection": [changed, list(fields)]}}, 0]},
            ]
        }
        for collection, fields in WATCHED_FIELDS.items()
    ]
    return {"$or": [{"$ne": ["$operationType", "update"]}, *watched]}


def read_event(event: Mapping[str, Any]) -> Change | None:
    """Read a document change; None for events about collections."""
    if "documentKey" not in event:
        return None
    return Change(
        event["ns"]["coll"],
        event["operationType"],
        event["documentKey"]["_id"],
        event.get("fullDocument"),
        event.get("clusterTime"),
    )
