"""The job queue: how much waits, which jobs were given up and why; these are retried or thrown away."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from handlers.core.dialect import Route
from handlers.core.errors import NotFound
from handlers.core.operation import operation
from handlers.site.admin.rules import PAGE, AdminHandler, Query, Text
from storage.admin.queue import JobCount, JobPage, QueuedJob
from storage.driver import ObjectId

JOB_ID = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True, slots=True)
class JobsObject:
    """How many jobs there are by kind and state, and a page of them."""

    counts: tuple[JobCount, ...]
    page: JobPage


class JobsQuery(Query):
    """Which jobs."""

    state: Literal["queued", "running", "failed"] = "failed"
    kind: Annotated[Text, Field(max_length=100)] | None = None
    before: Annotated[str, Field(pattern="^[0-9a-f]{24}$", description="continue behind this id")] | None = (
        None
    )


class JobsHandler(AdminHandler):
    """The queue."""

    @operation(query=JobsQuery, returns=JobsObject)
    async def get(self, query: JobsQuery) -> JobsObject:
        """Return the numbers of jobs, and a page of them, newest first; mails without what they say."""
        queue = self.stores.queue
        before = ObjectId(query.before) if query.before is not None else None
        page = await queue.page(query.state, query.kind or None, before, PAGE)
        return JobsObject(tuple(await queue.counts()), page)


class JobHandler(AdminHandler):
    """One dead letter."""

    @operation(returns=QueuedJob)
    async def delete(self, job: str) -> QueuedJob:
        """Throw a dead letter away (scripts.run_jobs --drop)."""
        dropped = await self.stores.queue.drop(read_job_id(job))
        self.tell("dropped_job", job=job, kind=dropped.kind, to=dropped.to)
        return dropped


class RetryHandler(AdminHandler):
    """One dead letter, tried again."""

    @operation(returns=QueuedJob)
    async def post(self, job: str) -> QueuedJob:
        """Queue a dead letter anew (scripts.run_jobs --retry)."""
        queued = await self.stores.queue.retry(read_job_id(job))
        self.tell("retried_job", job=job, kind=queued.kind, to=queued.to)
        return queued


def read_job_id(text: str) -> ObjectId:
    """Read an id in a path; raises NotFound for what can't be one."""
    if JOB_ID.fullmatch(text) is None:
        raise NotFound("no such dead letter")
    return ObjectId(text)


ROUTES = (
    Route("/admin/api/jobs", JobsHandler),
    Route("/admin/api/jobs/{job}", JobHandler),
    Route("/admin/api/jobs/{job}/retry", RetryHandler),
)
