"""Deletes a person: everything that names them, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress

from storage.database import Database, Index, index
from storage.driver import Document, ObjectId, PyMongoError, Session
from storage.errors import Departed
from storage.jobs import Jobs, NewJob
from storage.journal import Journal
from storage.traces import Trace

GAP = 0.01  # seconds between the deletions of one process

Step = Callable[[ObjectId, Session], Awaitable[None]]
Farewell = Callable[[Document], Iterable[NewJob]]


class Deletion:
    """Removes people, whichever dialect was asked.

    `traces` are plain references that the stores declare; `steps` are for what takes more than that,
    and come first. Once the person is gone `tidy` takes what the transaction only put out of sight.
    """

    # Collections that only imports fill: no store of their own declares them.
    TRACES = (Trace("login_codes", "user_id"), Trace("address_queue", "user_id"), Trace("credits", "uid"))
    INDEXES: tuple[Index, ...] = (
        index("login_codes", "user_id"),
        index("address_queue", "user_id"),
        index("credits", "uid"),
    )

    def __init__(
        self,
        database: Database,
        jobs: Jobs,
        journal: Journal,
        traces: Sequence[Trace],
        steps: Sequence[Step],
        *,
        tidy: Callable[[], Awaitable[None]],
    ) -> None:
        self._database = database
        self._users = database["users"]
        self._jobs = jobs
        self._journal = journal
        self._traces = tuple(traces)
        self._steps = tuple(steps)
        self._tidy = tidy
        self._turn = asyncio.Lock()  # every deletion marks every tally: side by side they would collide

    async def delete(self, oid: ObjectId, farewell: Farewell = lambda _: ()) -> None:
        """Delete a person and queue what `farewell` makes of their document; raises Departed, Busy."""

        async def work(session: Session) -> None:
            for step in self._steps:
                await step(oid, session)
            person = await self._users.find_one_and_delete({"_id": oid}, session=session)
            if person is None:
                raise Departed
            await self._wipe(person, session)
            data = {"user_id": oid, "onAECRoll": bool(person.get("onAECRoll"))}
            await self._journal.note("deleted_user", data, session)
            for job in farewell(person):
                await self._jobs.promise(job, session)

        async with self._turn:
            await self._database.transaction(work)
            # Votes that met this deletion try again within this time, and the next one waits for them.
            await asyncio.sleep(GAP)
        with suppress(PyMongoError):  # the person is gone all the same; every later upload tidies, too
            await self._tidy()

    async def _wipe(self, person: Document, session: Session) -> None:
        for trace in self._traces:
            if (value := person.get(trace.by)) is not None:
                await trace.wipe(self._database[trace.collection], value, session)
