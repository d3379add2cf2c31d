"""The durable queue: work that is promised in one process and done in any, at least once.

A job is claimed by lease. `run_after` says when it may be taken next: after its delay while it is
queued, after its lease while it runs, never (null) once it has failed for good. So one index range
finds what is due, what was put off and what a killed process left behind.

Jobs with the same `order` run one after the other. A unique index lets only one of them run; whoever
runs into it, or finds an older one waiting, parks what is due behind that one for the length of a
lease, and the end of a job wakes the next. A wake-up that gets lost costs that pause, never the job.

A finished job is deleted at once: nothing reads it again and mails hold secrets. Failed ones stay
for a month, for people to look at.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from storage.database import Database, Index, Restart, index
from storage.driver import Document, DuplicateKeyError, ObjectId, Session
from storage.owner import Owner

STATES = ("queued", "running", "failed")
LEASE = 20.0  # seconds; well under the 30 after which a killed server's jobs have to be taken up
RETRY_AFTER = (5.0, 60.0, 900.0)  # seconds; the last one outlasts a grey-listing mail server
KEEP_FAILED = 30 * 86400  # seconds
LONGEST_ERROR = 500  # characters
OPEN = {"$type": "date"}  # what `run_after` is for as long as a job may still run
TIDY = {"owner": "", "lease": ""}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NewJob:
    """Work to be queued; mails use the recipient as `order`."""

    kind: str
    args: Mapping[str, Any] = field(repr=False)
    order: str | None = None
    key: str | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read what `document` wrote."""
        return cls(**row)

    def document(self) -> Document:
        """Return what the arguments of another job can hold."""
        return {"kind": self.kind, "args": dict(self.args), "order": self.order, "key": self.key}


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job; `attempts` counts this one too and, with the owner, guards against a lost lease."""

    id: ObjectId
    kind: str
    args: Mapping[str, Any] = field(repr=False)
    attempts: int
    order: str | None
    created: datetime


class Jobs:
    """Adds, claims and settles jobs; `news` is set when this process may find something to claim."""

    INDEXES: tuple[Index, ...] = (
        index("jobs", "kind", "run_after", "_id"),
        index("jobs", "key", unique=True, partial={"key": {"$type": "string"}, "run_after": OPEN}),
        index("jobs", "order", unique=True, partial={"state": "running", "order": {"$type": "string"}}),
        index("jobs", "state", "order", "created", "_id"),
        index("jobs", "finished", expire_after=KEEP_FAILED),
    )

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float] = time.time,
        *,
        owner: Owner | None = None,
        lease: float = LEASE,
        retry_after: tuple[float, ...] = RETRY_AFTER,
    ) -> None:
        self.news = asyncio.Event()
        self.lease = lease
        self._jobs = database["jobs"]
        self._clock = clock
        self._owner = owner or Owner.current()
        self._retry_after = retry_after
        self._watched: set[int] = set()  # by id(): Motor's sessions can't be hashed

    async def add(
        self,
        kind: str,
        args: Mapping[str, Any],
        *,
        key: str | None = None,
        order: str | None = None,
        run_after: float | None = None,
        session: Session | None = None,
    ) -> ObjectId:
        """Queue a job and return its id, or that of the open job with the same `key`.

        With a session the job exists if and only if its transaction commits. `run_after` is in Unix
        seconds; a job that waits holds up those behind it in its `order`.
        """
        now = self._now()
        row: Document = {"kind": kind, "args": dict(args), "state": "queued", "attempts": 0, "created": now}
        row["run_after"] = now if run_after is None else datetime.fromtimestamp(run_after, UTC)
        if order is not None:
            row["order"] = order
        if key is None:
            job: ObjectId = (await self._jobs.insert_one(row, session=session)).inserted_id
        else:
            job = await self._add_once(key, row, session)
        self._announce(session)
        return job

    async def promise(self, job: NewJob, session: Session | None = None) -> ObjectId:
        """Queue a job that somebody else has put together; see `add`."""
        return await self.add(job.kind, job.args, key=job.key, order=job.order, session=session)

    async def drop(self, key: str, session: Session) -> None:
        """Remove the open job with a key, running or not."""
        await self._jobs.delete_many({"key": key, "run_after": OPEN}, session=session)

    async def drop_idle(self, orders: Collection[str], keys: Collection[str], session: Session) -> None:
        """Remove the jobs of some orders that wait or have failed, and the failed ones with some keys."""
        waiting = {"state": {"$in": ["queued", "failed"]}, "order": {"$in": list(orders)}}
        failed = {"state": "failed", "key": {"$in": list(keys)}}
        await self._jobs.delete_many({"$or": [waiting, failed]}, session=session)

    async def _add_once(self, key: str, row: Document, session: Session | None) -> ObjectId:
        query = {"key": key, "run_after": OPEN}
        while True:
            try:
                result = await self._jobs.update_one(
                    query, {"$setOnInsert": row}, upsert=True, session=session
                )
            except DuplicateKeyError as error:
                if session is not None:
                    raise Restart from error
                continue
            if result.upserted_id is not None:
                return ObjectId(result.upserted_id)
            # It may have ended since: then there is room for a new one.
            if found := await self._jobs.find_one(query, {"_id": 1}, session=session):
                return ObjectId(found["_id"])

    def _announce(self, session: Session | None) -> None:
        """Wake the workers of this process, but not before the job's transaction has ended."""
        if session is None or not session.in_transaction:
            self.news.set()
        elif id(session) not in self._watched:
            self._watched.add(id(session))
            self._await_end(session, 0.002)

    def _await_end(self, session: Session, pause: float) -> None:
        if session.in_transaction:
            later = asyncio.get_running_loop().call_later
            later(pause, self._await_end, session, min(2 * pause, 0.25))
        else:
            self._watched.discard(id(session))
            self.news.set()

    async def claim(self, kinds: Iterable[str]) -> Job | None:
        """Take the oldest job that is due and whose turn it is, or None; it is ours for `lease` seconds."""
        wanted = {"kind": {"$in": list(kinds)}}
        while True:
            now = self._now()
            until = now + timedelta(seconds=self.lease)
            taken = {"state": "running", "owner": self._owner.document(), "lease": until, "run_after": until}
            try:
                before = await self._jobs.find_one_and_update(
                    {**wanted, "run_after": {"$lte": now}},
                    {"$set": taken, "$inc": {"attempts": 1}},
                    sort=[("run_after", 1), ("_id", 1)],
                )
            except DuplicateKeyError as error:
                await self._park((error.details or {})["keyValue"]["order"])
                continue
            if before is None:
                return None
            job = read_job(before)
            if job.attempts > len(self._retry_after) + 1:
                await self.fail(job, "its process ended, or lost the lease, before the job did")
            elif await self._has_turn(job, before):
                return job

    async def _has_turn(self, job: Job, before: Document) -> bool:
        """Tell whether no older job of the same order waits; else put the claimed one back behind it."""
        if job.order is None or before["state"] == "running":
            return True
        head = await self._jobs.find_one(
            {
                "state": "queued",
                "order": job.order,
                "$or": [
                    {"created": {"$lt": job.created}},
                    {"created": job.created, "_id": {"$lt": job.id}},
                ],
            },
            {"_id": 1},
            sort=[("created", 1), ("_id", 1)],
        )
        if head is None:
            return True
        await self._put_back(job, before["run_after"])
        await self._park(job.order, head["_id"])
        return False

    async def _put_back(self, job: Job, run_after: datetime) -> None:
        update = {
            "$set": {"state": "queued", "run_after": run_after},
            "$unset": TIDY,
            "$inc": {"attempts": -1},
        }
        await self._jobs.update_one(self._held(job), update)

    async def _park(self, order: str, head: ObjectId | None = None) -> None:
        """Let the jobs of one order that are due, but for `head`, wait for whoever is before them."""
        now = self._now()
        until = now + timedelta(seconds=self.lease)
        await self._jobs.update_many(
            {"state": "queued", "order": order, "run_after": {"$lte": now}, "_id": {"$ne": head}},
            [{"$set": {"parked": {"$ifNull": ["$parked", "$run_after"]}, "run_after": until}}],
        )
        # Whoever was before them may have ended meanwhile, too early to wake what was not parked yet.
        ahead = {"state": {"$in": ["queued", "running"]}, "order": order, "parked": {"$exists": False}}
        if await self._jobs.find_one(ahead, {"_id": 1}) is None:
            await self._wake(order)

    async def _wake(self, order: str) -> None:
        """Give the oldest parked job of an order its old place back."""
        woken = await self._jobs.find_one_and_update(
            {"state": "queued", "order": order, "parked": {"$exists": True}},
            [{"$set": {"run_after": "$parked"}}, {"$unset": "parked"}],
            sort=[("created", 1), ("_id", 1)],
        )
        if woken is not None:
            self.news.set()

    async def extend(self, job: Job) -> bool:
        """Renew the lease; False when the job is no longer ours."""
        until = self._now() + timedelta(seconds=self.lease)
        result = await self._jobs.update_one(self._held(job), {"$set": {"lease": until, "run_after": until}})
        return result.matched_count == 1

    async def finish(self, job: Job) -> None:
        """Remove a job that is done."""
        await self._jobs.delete_one(self._held(job))
        if job.order is not None:
            await self._wake(job.order)

    async def fail(self, job: Job, error: str) -> bool:
        """Note why a try failed; tell whether there will be another."""
        now = self._now()
        again = job.attempts <= len(self._retry_after)
        changes: Document = {"state": "queued" if again else "failed", "error": error[:LONGEST_ERROR]}
        if again:
            changes["run_after"] = now + timedelta(seconds=self._retry_after[job.attempts - 1])
        else:
            changes |= {"run_after": None, "finished": now}
        await self._jobs.update_one(self._held(job), {"$set": changes, "$unset": TIDY})
        if job.order is not None and not again:
            await self._wake(job.order)
        return again

    async def release(self, job: Job) -> None:
        """Give back a job that was interrupted through no fault of its own; the try does not count."""
        await self._put_back(job, self._now())

    async def release_dead(self) -> int:
        """Take the leases of ended processes of this machine away; return how many jobs were freed."""
        owners = await self._jobs.distinct("owner", {"state": "running"})
        dead = [row for row in owners if Owner.from_document(row).is_dead(self._owner)]
        if not dead:
            return 0
        freed = await self._jobs.update_many(
            {"state": "running", "owner": {"$in": dead}},
            {"$set": {"state": "queued", "run_after": self._now()}, "$unset": TIDY},
        )
        self.news.set()
        return freed.modified_count

    async def counts(self) -> Mapping[str, int]:
        """Count the jobs in each state."""
        numbers = await asyncio.gather(*(self._jobs.count_documents({"state": state}) for state in STATES))
        return dict(zip(STATES, numbers, strict=True))

    async def left(self, kinds: Iterable[str]) -> int:
        """Count the open jobs of some kinds: due and running ones, and those that wait for another try.

        What was put off when it was queued does not count before its time.
        """
        begun = [
            {"attempts": {"$gt": 0}},
            {"parked": {"$exists": True}},
            {"run_after": {"$lte": self._now()}},
        ]
        return await self._jobs.count_documents(
            {"kind": {"$in": list(kinds)}, "run_after": OPEN, "$or": begun}
        )

    def _held(self, job: Job) -> Document:
        """Match a job only while this claim of it stands."""
        held = {"state": "running", "owner": self._owner.document(), "attempts": job.attempts}
        return {"_id": job.id, **held}

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def read_job(before: Document) -> Job:
    """Read a job as its claim leaves it, from the document before the claim."""
    return Job(
        before["_id"],
        before["kind"],
        before["args"],
        before["attempts"] + 1,
        before.get("order"),
        before["created"],
    )
