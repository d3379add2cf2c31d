"""The worker: runs jobs side by side, renews leases, survives outages, stops cleanly."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from handlers.core.mail import Mail
from handlers.core.worker import Runner, Worker
from storage.database import Database
from storage.driver import Session
from storage.jobs import Jobs

ROOT = Path(__file__).parents[2]


class Bench:
    """A runner whose jobs wait until they are let go, or fail when told to."""

    def __init__(self) -> None:
        self.begun: asyncio.Queue[Any] = asyncio.Queue()
        self.ended: asyncio.Queue[Any] = asyncio.Queue()
        self.gate = asyncio.Event()
        self.gate.set()
        self.cut = asyncio.Event()
        self.error: Exception | None = None

    async def run(self, args: Mapping[str, Any]) -> None:
        self.begun.put_nowait(args["n"])
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cut.set()
            raise
        if self.error:
            raise self.error
        self.ended.put_nowait(args["n"])

    async def next_begun(self, within: float = 5) -> Any:
        async with asyncio.timeout(within):
            return await self.begun.get()


@pytest.fixture
async def bench() -> Bench:
    return Bench()


@pytest.fixture
async def jobs(database: Database) -> Jobs:
    return Jobs(database, lease=0.6)


@pytest.fixture
async def worker(jobs: Jobs, bench: Bench) -> AsyncIterator[Worker]:
    worker = Worker(jobs, {"test": bench.run}, 2, poll=30, grace=0.2)
    worker.start()
    yield worker
    await worker.stop()


async def settle(jobs: Jobs, **wanted: int) -> None:
    """Wait until the queue holds exactly these numbers."""
    async with asyncio.timeout(5):
        while {state: n for state, n in (await jobs.counts()).items() if n} != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_job_of_the_own_process_starts_at_once(jobs: Jobs, bench: Bench, worker: Worker) -> None:
    await settle(jobs)
    await jobs.add("test", {"n": 1})
    assert await bench.next_begun(within=1) == 1
    await settle(jobs)
    assert worker.outcomes == {("test", "done"): 1}


async def test_a_job_of_a_transaction_starts_after_the_commit(
    jobs: Jobs, bench: Bench, worker: Worker, database: Database
) -> None:
    async def work(session: Session) -> None:
        await jobs.add("test", {"n": 1}, session=session)
        await database["jobs"].find_one({}, session=session)

    await settle(jobs)
    await database.transaction(work)
    assert await bench.next_begun(within=1) == 1


async def test_a_job_of_another_process_starts_within_two_seconds(
    jobs: Jobs, bench: Bench, database: Database
) -> None:
    worker = Worker(jobs, {"test": bench.run}, 1)
    worker.start()
    await Jobs(database).add("test", {"n": 1})
    assert await bench.next_begun(within=2) == 1
    await worker.stop()


async def test_no_more_than_count_run_side_by_side(jobs: Jobs, bench: Bench, worker: Worker) -> None:
    bench.gate.clear()
    for number in range(3):
        await jobs.add("test", {"n": number})
    assert {await bench.next_begun(), await bench.next_begun()} == {0, 1}
    await settle(jobs, running=2, queued=1)
    assert bench.begun.empty()
    bench.gate.set()
    assert await bench.next_begun() == 2


async def test_one_order_is_run_in_order(jobs: Jobs, bench: Bench, worker: Worker) -> None:
    for number in range(6):
        await jobs.add("test", {"n": number}, order="ann")
    assert [await bench.next_begun() for _ in range(6)] == list(range(6))


async def test_a_long_job_keeps_its_lease(jobs: Jobs, bench: Bench, worker: Worker) -> None:
    bench.gate.clear()
    await jobs.add("test", {"n": 1})
    await bench.next_begun()
    began = asyncio.get_running_loop().time()
    while asyncio.get_running_loop().time() < began + 2 * jobs.lease:
        assert await jobs.claim(["test"]) is None
        await asyncio.sleep(0.05)
    bench.gate.set()
    await settle(jobs)
    assert bench.begun.empty()


async def test_a_job_whose_lease_was_taken_is_cut(
    jobs: Jobs, bench: Bench, worker: Worker, database: Database
) -> None:
    bench.gate.clear()
    await jobs.add("test", {"n": 1})
    await bench.next_begun()
    await database["jobs"].update_one({}, {"$set": {"owner": {"machine": "elsewhere"}}})
    async with asyncio.timeout(5):
        await bench.cut.wait()
    assert bench.ended.empty()


async def test_a_failed_job_is_tried_again_then_given_up(
    database: Database, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    jobs = Jobs(database, retry_after=(0.01, 0.01, 0.01))
    worker = Worker(jobs, {"test": bench.run}, 1, poll=0.02)
    bench.error = ValueError("no route")
    worker.start()
    await jobs.add("test", {"n": 1})
    await settle(jobs, failed=1)
    await worker.stop()
    assert worker.outcomes == {("test", "retried"): 3, ("test", "failed"): 1}
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 3 + [logging.ERROR]
    row = await database["jobs"].find_one({})
    assert row is not None
    assert row["error"] == "ValueError: no route"
    caplog.clear()


async def test_stopping_lets_a_running_job_finish(jobs: Jobs, bench: Bench) -> None:
    worker = Worker(jobs, {"test": bench.run}, 1, poll=30)
    worker.start()
    bench.gate.clear()
    await jobs.add("test", {"n": 1})
    await jobs.add("test", {"n": 2})
    await bench.next_begun()
    stopping = asyncio.create_task(worker.stop())
    await asyncio.sleep(0)
    bench.gate.set()
    await stopping
    assert bench.ended.get_nowait() == 1
    assert await jobs.counts() == {"queued": 1, "running": 0, "failed": 0}


async def test_stopping_gives_back_what_does_not_finish(jobs: Jobs, bench: Bench, worker: Worker) -> None:
    bench.gate.clear()
    await jobs.add("test", {"n": 1})
    await bench.next_begun()
    await worker.stop()
    assert bench.ended.empty()
    job = await jobs.claim(["test"])
    assert job is not None
    assert job.attempts == 1


async def test_an_outage_is_one_line_and_the_worker_goes_on(
    database: Database, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    jobs = Flaky(database)
    worker = Worker(jobs, {"test": bench.run}, 1, poll=0.01)
    worker.start()
    await jobs.add("test", {"n": 1})
    async with asyncio.timeout(5):
        await jobs.asked.acquire()
        for _ in range(5):
            await jobs.asked.acquire()
    assert bench.begun.empty()
    jobs.away = False
    assert await bench.next_begun() == 1
    await worker.stop()
    lines = [record.getMessage() for record in caplog.records]
    assert lines == ["job queue out of reach: ConnectionError: gone", "job queue within reach again"]


class Flaky(Jobs):
    """A queue whose database is away until told otherwise."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.away = True
        self.asked = asyncio.Semaphore(0)

    async def claim(self, kinds: Any) -> Any:
        self.asked.release()
        if self.away:
            raise ConnectionError("gone")
        return await super().claim(kinds)


async def test_an_idle_worker_asks_once_a_poll(database: Database, bench: Bench) -> None:
    jobs = Flaky(database)
    jobs.away = False
    worker = Worker(jobs, {"test": bench.run}, 4, poll=30)
    worker.start()
    await jobs.asked.acquire()
    await jobs.add("test", {"n": 1})
    await bench.next_begun()
    await settle(jobs)
    assert jobs.asked._value <= 3
    await worker.stop()


async def test_a_worker_of_none_runs_none_and_stops(jobs: Jobs, bench: Bench) -> None:
    worker = Worker(jobs, {"test": bench.run}, 0)
    worker.start()
    await jobs.add("test", {"n": 1})
    await worker.stop()
    assert await jobs.counts() == {"queued": 1, "running": 0, "failed": 0}


@pytest.mark.parametrize(("limit", "done"), [(None, 5), (3, 3), (50, 5)])
async def test_draining_runs_what_is_due(jobs: Jobs, bench: Bench, limit: int | None, done: int) -> None:
    for number in range(5):
        await jobs.add("test", {"n": number}, order=str(number % 2))
    worker = Worker(jobs, {"test": bench.run}, 2)
    assert await worker.drain(limit) == {"done": done, "failed": 0, "left": 5 - done}


async def test_draining_tries_a_failing_job_once(jobs: Jobs, bench: Bench) -> None:
    bench.error = ValueError("no")
    await jobs.add("test", {"n": 1})
    runners: dict[str, Runner] = {"test": bench.run}
    assert await Worker(jobs, runners, 0).drain() == {"done": 0, "failed": 1, "left": 1}


async def test_the_script_sends_what_waits_and_prints_one_document(
    database: Database, mongo_uri: str, tmp_path: Path
) -> None:
    jobs = Jobs(database)
    for number in range(3):
        await jobs.promise(Mail("ann@x.org", f"No {number}", "text", "no-reply@x.org").job())
    values = {"MONGODB_URI": mongo_uri, "MONGODB_DATABASE": database.name, "SECRET_KEY": "k" * 32}

    async def run(*arguments: str, mails: str) -> tuple[int | None, bytes, bytes]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "scripts.run_jobs", *arguments, cwd=ROOT, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env={**os.environ, **values, "EMAIL_URL": mails},
        )  # fmt: skip
        output, notes = await process.communicate()
        return process.returncode, output, notes

    code, output, notes = await run("--limit", "2", mails=f"file:{tmp_path}")
    assert (code, json.loads(output)) == (0, {"done": 2, "failed": 0, "left": 1}), notes
    assert len(os.listdir(tmp_path)) == 2
    code, output, notes = await run(mails="console:")
    assert (code, json.loads(output)) == (0, {"done": 1, "failed": 0, "left": 0}), notes
    assert b"Subject: No 2" in notes
    assert (await run("--limit", "0", mails="console:"))[0] == 2
