"""Runs durable jobs beside the requests: a few at a time, under a lease, whatever happens to the database."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from storage.jobs import Job, Jobs

T = TypeVar("T")
Runner = Callable[[Mapping[str, Any]], Awaitable[None]]
POLL = 1.0  # seconds; jobs of other processes have to start within 2
GRACE = 5.0  # seconds that running jobs get when the server stops
SETTLE_TRIES = 4

log = logging.getLogger(__name__)


class Interrupted(Exception):
    """A job was cut off by something else than the end of the server."""


class Worker:
    """Runs up to `count` jobs side by side, of the kinds that have a runner; 0 runs none.

    `outcomes` counts (kind, "done" | "retried" | "failed") for the metrics.
    """

    def __init__(
        self,
        jobs: Jobs,
        runners: Mapping[str, Runner],
        count: int,
        *,
        poll: float = POLL,
        grace: float = GRACE,
    ) -> None:
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self._jobs = jobs
        self._runners = runners
        self._count = count
        self._poll = poll
        self._grace = grace
        self._slots = asyncio.Semaphore(count)
        self._running: set[asyncio.Task[bool]] = set()
        self._dispatcher: asyncio.Task[None] | None = None
        self._stopping = False
        self._reachable = True

    def start(self) -> None:
        """Begin to look for jobs."""
        if self._count and self._dispatcher is None:
            self._dispatcher = asyncio.create_task(self._dispatch())

    async def stop(self) -> None:
        """Let running jobs finish for a while, give the others back to the queue."""
        self._stopping = True
        self._jobs.news.set()
        if self._dispatcher is None:
            return
        await asyncio.wait({self._dispatcher, *self._running}, timeout=self._grace)
        late = {self._dispatcher, *self._running}
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        self._dispatcher = None

    async def drain(self, limit: int | None = None) -> dict[str, int]:
        """Run what is due now, at most `limit` jobs.

        Returns how many were `done`, how many `failed` (to be tried again later or not) and how many
        are `left` in the queue, those that wait for another try included.
        """
        results: Counter[str] = Counter()

        async def work() -> None:
            while limit is None or results.total() < limit:
                results["claimed"] += 1
                job = await self._jobs.claim(self._runners)
                results["claimed"] -= 1
                if job is None:
                    return
                results["running"] += 1
                done = await self._run(job)
                results["running"] -= 1
                results["done" if done else "failed"] += 1

        await self._jobs.release_dead()
        await asyncio.gather(*(work() for _ in range(max(1, self._count))))
        left = await self._jobs.left(self._runners)
        return {"done": results["done"], "failed": results["failed"], "left": left}

    async def _dispatch(self) -> None:
        await self._reach(self._jobs.release_dead)
        while not self._stopping:
            await self._slots.acquire()
            self._jobs.news.clear()
            job = None if self._stopping else await self._reach(lambda: self._jobs.claim(self._runners))
            if job is None:
                self._slots.release()
                await self._wait_for_news()
            elif self._stopping:
                await self._give_back(job)
            else:
                task = asyncio.create_task(self._run(job))
                self._running.add(task)
                task.add_done_callback(self._free)

    def _free(self, task: asyncio.Task[bool]) -> None:
        self._running.discard(task)
        self._slots.release()

    async def _wait_for_news(self) -> None:
        if self._stopping:
            return
        try:
            async with asyncio.timeout(self._poll):
                await self._jobs.news.wait()
        except TimeoutError:
            pass

    async def _reach(self, ask: Callable[[], Awaitable[T]]) -> T | None:
        """Ask the queue; None when it can't answer, with one line in the log for the whole outage."""
        try:
            answer = await ask()
        except Exception as error:
            if self._reachable:
                log.warning("job queue out of reach: %s", describe(error))
            self._reachable = False
            return None
        if not self._reachable:
            log.warning("job queue within reach again")
        self._reachable = True
        return answer

    async def _run(self, job: Job) -> bool:
        """Run one job and settle it; tell whether it was done."""
        try:
            await self._execute(job)
        except asyncio.CancelledError:
            await self._give_back(job)
            raise
        except Exception as error:
            await self._settle(job, partial(self._fail, job, error))
            return False
        await self._settle(job, partial(self._jobs.finish, job))
        self.outcomes[job.kind, "done"] += 1
        return True

    async def _execute(self, job: Job) -> None:
        """Run the job, renewing its lease; a job whose lease was lost belongs to somebody else and is cut."""
        run = asyncio.ensure_future(self._runners[job.kind](job.args))
        try:
            while not run.done():
                done, _ = await asyncio.wait({run}, timeout=self._jobs.lease / 3)
                if not done and await self._reach(lambda: self._jobs.extend(job)) is False:
                    raise Interrupted("the lease was lost")
            if run.cancelled():
                raise Interrupted("the job cancelled itself")
            run.result()
        finally:
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)

    async def _fail(self, job: Job, error: Exception) -> None:
        again = await self._jobs.fail(job, describe(error))
        self.outcomes[job.kind, "retried" if again else "failed"] += 1
        if again:
            log.warning("job %s (%s), try %d: %s", job.id, job.kind, job.attempts, describe(error))
        else:
            log.error("job %s (%s) given up: %s", job.id, job.kind, describe(error), exc_info=error)

    async def _settle(self, job: Job, write: Callable[[], Awaitable[object]]) -> None:
        """Write down how a job ended, again while the database is away: else the job would run twice."""
        for left in reversed(range(SETTLE_TRIES)):
            try:
                await write()
                return
            except Exception as error:
                if not left:
                    log.warning("job %s (%s) will run again: %s", job.id, job.kind, describe(error))
                    return
                await asyncio.sleep(self._poll)

    async def _give_back(self, job: Job) -> None:
        try:
            async with asyncio.timeout(2):
                await self._jobs.release(job)
        except Exception as error:
            log.warning("job %s (%s) waits for its lease: %s", job.id, job.kind, describe(error))


def describe(error: BaseException) -> str:
    """Put an error into one line."""
    return f"{type(error).__name__}: {error}".replace("\n", " ")[:300]
