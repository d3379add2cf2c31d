"""The job queue as administrators see it: what waits, what was given up and why; never what a mail says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from storage.database import Database, Index, index
from storage.driver import Document, DuplicateKeyError, ObjectId, ReturnDocument
from storage.errors import NotFound, Taken
from storage.jobs import STATES, Jobs

MAIL = "mail"  # the kind of job of which recipient and subject are told
SHOWN = dict.fromkeys(
    ("kind", "state", "attempts", "created", "run_after", "finished", "error", "args.to", "args.subject"), 1
)
DEAD = {"state": "failed"}


@dataclass(frozen=True, slots=True)
class JobCount:
    """How many jobs of a kind are in a state."""

    kind: str
    state: str
    number: int


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """One job; times in Unix seconds. `to` and `subject` are those of a mail."""

    id: str
    kind: str
    state: str
    attempts: int
    created: float
    due: float | None
    given_up: float | None
    error: str
    to: str
    subject: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> QueuedJob:
        """Read the stored form; of other jobs than mails not even a part of the arguments."""
        mail = row.get("args") or {} if row["kind"] == MAIL else {}
        return cls(
            str(row["_id"]),
            row["kind"],
            row["state"],
            row["attempts"],
            seconds(row["created"]) or 0.0,
            seconds(row.get("run_after")),
            seconds(row.get("finished")),
            row.get("error") or "",
            str(mail.get("to") or ""),
            str(mail.get("subject") or ""),
        )


@dataclass(frozen=True, slots=True)
class JobPage:
    """A page of jobs, newest first; `next` continues behind it, None at the end."""

    jobs: tuple[QueuedJob, ...]
    next: str | None


def seconds(moment: datetime | None) -> float | None:
    """Return a time of the database in Unix seconds."""
    return None if moment is None else moment.replace(tzinfo=UTC).timestamp()


class Queue:
    """Looks at `jobs`; brings dead letters back, or throws them away."""

    INDEXES: tuple[Index, ...] = (index("jobs", "state", "kind", "_id"),)

    def __init__(self, database: Database, jobs: Jobs) -> None:
        self._rows = database["jobs"]
        self._jobs = jobs

    async def counts(self) -> list[JobCount]:
        """Count the jobs by kind and state, from the index alone."""
        kinds = await asyncio.gather(*map(self._kinds, STATES))
        pairs = sorted((kind, at) for at, found in enumerate(kinds) for kind in found)
        numbers = await asyncio.gather(
            *(self._rows.count_documents({"state": STATES[at], "kind": kind}) for kind, at in pairs)
        )
        found = zip(pairs, numbers, strict=True)
        return [JobCount(kind, STATES[at], number) for (kind, at), number in found if number]

    async def _kinds(self, state: str) -> list[str]:
        return sorted(await self._rows.distinct("kind", {"state": state}))

    async def page(self, state: str, kind: str | None, before: ObjectId | None, size: int) -> JobPage:
        """Return the newest jobs in a state, of one kind or of all."""
        # One range of the index for each kind: so it gives the order, too.
        kinds = [kind] if kind is not None else await self._kinds(state)
        query: Document = {"state": state, "kind": {"$in": kinds}}
        if before is not None:
            query["_id"] = {"$lt": before}
        rows = await self._rows.find(query, SHOWN).sort("_id", -1).limit(size + 1).to_list(None)
        jobs = tuple(map(QueuedJob.of, rows[:size]))
        return JobPage(jobs, jobs[-1].id if len(rows) > size else None)

    async def retry(self, job: ObjectId) -> QueuedJob:
        """Queue a dead letter anew, as if it had never been tried.

        Raises NotFound, and Taken where an open job with the same key took its place meanwhile.
        """
        anew = {"state": "queued", "attempts": 0, "run_after": datetime.now(UTC)}
        try:
            row = await self._rows.find_one_and_update(
                {"_id": job, **DEAD},
                {"$set": anew, "$unset": {"error": "", "finished": ""}},
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError as error:
            raise Taken("the place of this job") from error
        if row is None:
            raise NotFound("dead letter")
        self._jobs.news.set()
        return QueuedJob.of(row)

    async def drop(self, job: ObjectId) -> QueuedJob:
        """Throw a dead letter away; raises NotFound."""
        row = await self._rows.find_one_and_delete({"_id": job, **DEAD}, SHOWN)
        if row is None:
            raise NotFound("dead letter")
        return QueuedJob.of(row)
