"""Looks at a MongoDB as a server needs it; what is written for that is taken away again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from storage.database import Database, Index
from storage.differences import describe_declared, describe_stored
from storage.driver import Document, ObjectId, PyMongoError, Session, open_stream, settled

SCRATCH = "doctor_"  # what names of collections begin with that exist for a moment
OWN = "_id 1"  # the index that every collection has


@dataclass(frozen=True, slots=True)
class Server:
    """What answers: its version, whether several writes can be one, how far its clock is ahead (seconds)."""

    version: str
    kind: str
    transactions: bool
    drift: float


@dataclass(frozen=True, slots=True)
class Misfit:
    """An index that is missing, or stored without being declared; `name` is the stored one's."""

    collection: str
    keys: str
    name: str | None = None


class Examination:
    """The looks, each on its own; they raise PyMongoError where the database will not have it."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def greet(self) -> Server:
        """Ask the server what it is."""
        admin = self._database.client.admin
        await admin.command("ping")  # so that the next answer is not late by a connection
        began = self._clock()
        hello = await admin.command("hello")
        middle = (began + self._clock()) / 2
        info = await admin.command("buildInfo")
        kind = "a single server"
        if hello.get("msg") == "isdbgrid":
            kind = "a sharded cluster"
        elif name := hello.get("setName"):
            kind = f"the replica set {name}"
        drift = hello["localTime"].timestamp() - middle
        return Server(info["version"], kind, kind != "a single server", drift)

    async def write(self, patience: float) -> float:
        """Write durably, in a transaction, and hear of it by a change stream; return how long that took."""
        name = SCRATCH + str(ObjectId())
        rows = self._database[name]
        began = time.monotonic()
        async with asyncio.timeout(patience):
            try:
                await rows.insert_one({"step": 0})
                pipeline = [{"$match": {"ns.coll": name}}]
                stream = await open_stream(self._database.handle, pipeline, max_await_time_ms=200)
                try:

                    async def work(session: Session) -> None:
                        await rows.insert_one({"step": 1}, session=session)

                    await self._database.transaction(work)
                    while await stream.try_next() is None:
                        pass
                finally:
                    await settled(stream.close())
            finally:
                with suppress(PyMongoError):
                    await self._database.handle.drop_collection(name)
        return time.monotonic() - began

    async def compare_indexes(
        self, declared: Sequence[Index], tolerated: Sequence[Index] = ()
    ) -> Sequence[Misfit] | None:
        """Find indexes that are missing or too many; None where nothing has been stored yet.

        Those that are `tolerated` may be there or not.
        """
        names = set(await self._database.handle.list_collection_names())
        collections = {each.collection for each in declared}
        if not names & collections:
            return None
        misfits = []
        for collection in sorted(collections):
            stored = await self._stored(collection) if collection in names else {}
            wanted = {describe_declared(each) for each in declared if each.collection == collection}
            misfits += [Misfit(collection, keys) for keys in sorted(wanted - stored.keys())]
            known = {describe_declared(each) for each in tolerated if each.collection == collection}
            extra = sorted(stored.keys() - wanted - known - {OWN})
            misfits += [Misfit(collection, keys, stored[keys]) for keys in extra]
        return misfits

    async def _stored(self, collection: str) -> dict[str, str]:
        found: Mapping[str, Any] = await self._database[collection].index_information()
        return {describe_stored(options): name for name, options in found.items()}

    async def failed_jobs(self) -> Sequence[Document]:
        """Count the jobs that nobody tries again, by kind."""
        pipeline: list[Document] = [
            {"$match": {"state": "failed"}},
            {"$group": {"_id": "$kind", "n": {"$sum": 1}}},
            {"$sort": {"_id": 1}},
        ]
        return [row async for row in await self._database.aggregate("jobs", pipeline)]
