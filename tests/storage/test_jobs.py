"""The durable queue: promises, claims, order, retries, leases."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from storage.database import Database
from storage.driver import Session
from storage.jobs import Job, Jobs, NewJob
from storage.owner import Owner, began

KINDS = ["mail"]


class Clock:
    """Time that passes only when told to."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        self.now += 0.002  # so that no two jobs are equally old
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def jobs(database: Database, clock: Clock) -> Jobs:
    return Jobs(database, clock)


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """Give another living process."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        yield child
        child.kill()


async def take(jobs: Jobs) -> Job:
    job = await jobs.claim(KINDS)
    assert job is not None
    return job


async def test_jobs_come_oldest_first_and_only_once(jobs: Jobs) -> None:
    for number in range(3):
        await jobs.add("mail", {"n": number})
    claimed = [(await take(jobs)).args["n"] for _ in range(3)]
    assert claimed == [0, 1, 2]
    assert await jobs.claim(KINDS) is None


async def test_other_kinds_are_left_alone(jobs: Jobs) -> None:
    await jobs.add("export", {})
    assert await jobs.claim(KINDS) is None
    assert await jobs.left(KINDS) == 0
    assert await jobs.left(["export"]) == 1


async def test_a_job_waits_for_its_time(jobs: Jobs, clock: Clock) -> None:
    await jobs.add("mail", {}, run_after=clock.now + 60)
    assert await jobs.claim(KINDS) is None
    clock.now += 61
    await take(jobs)


async def test_a_finished_job_leaves_nothing(jobs: Jobs, database: Database) -> None:
    await jobs.add("mail", {"text": "secret"})
    await jobs.finish(await take(jobs))
    assert await database["jobs"].count_documents({}) == 0


async def test_a_job_exists_only_if_its_transaction_commits(jobs: Jobs, database: Database) -> None:
    async def keep(session: Session) -> None:
        await jobs.promise(NewJob("mail", {"n": 1}), session)
        assert await jobs.claim(KINDS) is None

    async def drop(session: Session) -> None:
        await jobs.promise(NewJob("mail", {"n": 2}), session)
        raise LookupError

    await database.transaction(keep)
    with pytest.raises(LookupError):
        await database.transaction(drop)
    assert (await take(jobs)).args["n"] == 1
    assert await jobs.claim(KINDS) is None


async def test_news_come_after_the_commit_not_before(jobs: Jobs, database: Database) -> None:
    async def work(session: Session) -> None:
        await jobs.add("mail", {}, session=session)
        await database["jobs"].find_one({}, session=session)
        assert not jobs.news.is_set()

    await database.transaction(work)
    await asyncio.wait_for(jobs.news.wait(), 1)
    await take(jobs)


async def test_a_key_makes_one_job_while_it_is_open(jobs: Jobs) -> None:
    first = await jobs.add("mail", {}, key="k")
    assert await jobs.add("mail", {}, key="k") == first
    job = await take(jobs)
    assert await jobs.add("mail", {}, key="k") == first
    await jobs.finish(job)
    assert await jobs.add("mail", {}, key="k") != first


async def test_a_failed_job_frees_its_key(database: Database, clock: Clock) -> None:
    jobs = Jobs(database, clock, retry_after=())
    first = await jobs.add("mail", {}, key="k")
    assert await jobs.fail(await take(jobs), "no") is False
    assert await jobs.add("mail", {}, key="k") != first


async def test_a_key_asked_for_by_many_at_once_makes_one_job(jobs: Jobs, database: Database) -> None:
    async def work(session: Session) -> Any:
        return await jobs.add("mail", {}, key="k", session=session)

    ids = await asyncio.gather(
        *(database.transaction(work) for _ in range(8)), *(jobs.add("mail", {}, key="k") for _ in range(8))
    )
    assert len(set(ids)) == 1
    assert await jobs.counts() == {"queued": 1, "running": 0, "failed": 0}


async def test_a_transaction_that_lost_the_race_for_a_key_runs_again(jobs: Jobs, database: Database) -> None:
    tries: list[Any] = []

    async def work(session: Session) -> Any:
        await database["jobs"].find_one({}, session=session)  # from here on it sees this moment
        if not tries:
            tries.append(await jobs.add("mail", {}, key="k"))
        return await jobs.add("mail", {}, key="k", session=session)

    assert await database.transaction(work) == tries[0]
    assert await jobs.counts() == {"queued": 1, "running": 0, "failed": 0}


async def test_many_claimers_share_out_the_jobs(database: Database) -> None:
    jobs = Jobs(database)
    await asyncio.gather(*(jobs.add("mail", {}) for _ in range(40)))
    claimed = await asyncio.gather(*(jobs.claim(KINDS) for _ in range(48)))
    ids = [job.id for job in claimed if job]
    assert len(ids) == len(set(ids)) == 40


async def test_three_retries_then_the_dead_letter(jobs: Jobs, clock: Clock, database: Database) -> None:
    await jobs.add("mail", {})
    for pause in (5, 60, 900):
        assert await jobs.fail(await take(jobs), "no route") is True
        clock.now += pause - 1
        assert await jobs.claim(KINDS) is None
        clock.now += 2
    assert await jobs.fail(await take(jobs), "x" * 9999) is False
    clock.now += 86400
    assert await jobs.claim(KINDS) is None
    assert await jobs.counts() == {"queued": 0, "running": 0, "failed": 1}
    row = await database["jobs"].find_one({})
    assert row is not None
    assert (row["error"], row["attempts"], row["run_after"]) == ("x" * 500, 4, None)
    assert row["finished"].timestamp() < clock.now


async def test_one_order_runs_one_after_the_other(jobs: Jobs) -> None:
    for number in range(3):
        await jobs.add("mail", {"n": number}, order="ann")
    await jobs.add("mail", {"n": 9}, order="bob")
    first, other = await take(jobs), await take(jobs)
    assert (first.args["n"], other.args["n"]) == (0, 9)
    assert await jobs.claim(KINDS) is None
    for number in (1, 2):
        await jobs.finish(first)
        first = await take(jobs)
        assert first.args["n"] == number


async def test_a_failing_job_is_not_overtaken_by_its_order(jobs: Jobs, clock: Clock) -> None:
    await jobs.add("mail", {"n": 0}, order="ann")
    await jobs.add("mail", {"n": 1}, order="ann")
    await jobs.fail(await take(jobs), "no")
    await jobs.add("mail", {"n": 2}, order="ann")
    assert await jobs.claim(KINDS) is None
    clock.now += 6
    for number in range(3):
        job = await take(jobs)
        assert job.args["n"] == number
        await jobs.finish(job)


async def test_a_dead_letter_lets_the_next_pass(database: Database, clock: Clock) -> None:
    jobs = Jobs(database, clock, retry_after=())
    await jobs.add("mail", {"n": 0}, order="ann")
    await jobs.add("mail", {"n": 1}, order="ann")
    first = await take(jobs)
    assert await jobs.claim(KINDS) is None
    await jobs.fail(first, "no")
    assert (await take(jobs)).args["n"] == 1


async def test_a_lost_wake_up_costs_a_pause_not_the_job(jobs: Jobs, clock: Clock, database: Database) -> None:
    await jobs.add("mail", {"n": 0}, order="ann")
    await jobs.add("mail", {"n": 1}, order="ann")
    first = await take(jobs)
    assert await jobs.claim(KINDS) is None
    await database["jobs"].delete_one({"_id": first.id})  # finished by a process that died just then
    assert await jobs.claim(KINDS) is None
    clock.now += jobs.lease + 1
    assert (await take(jobs)).args["n"] == 1


async def test_an_order_holds_under_many_hands(database: Database) -> None:
    """Claimers that race, fail and retry keep each order strictly serial and complete."""
    jobs = Jobs(database, retry_after=(0.01, 0.01, 0.01))
    log: list[tuple[str, int]] = []
    inside: set[str] = set()
    for number in range(12):
        await asyncio.gather(*(jobs.add("mail", {"n": number}, order=name) for name in "abc"))

    async def work() -> None:
        while await jobs.left(KINDS):
            job = await jobs.claim(KINDS)
            if job is None or job.order is None:
                await asyncio.sleep(0.003)
                continue
            assert job.order not in inside
            inside.add(job.order)
            await asyncio.sleep(0)
            fails = job.args["n"] % 4 == 0 and job.attempts == 1
            if not fails:
                log.append((job.order, job.args["n"]))
            inside.discard(job.order)
            await (jobs.fail(job, "no") if fails else jobs.finish(job))

    async with asyncio.timeout(20):
        await asyncio.gather(*(work() for _ in range(6)))
    for name in "abc":
        assert [n for order, n in log if order == name] == list(range(12))


async def test_a_lease_runs_out_and_the_late_worker_loses_the_job(database: Database, clock: Clock) -> None:
    here = Owner.current()
    one, two = Jobs(database, clock), Jobs(database, clock, owner=replace(here, machine="elsewhere"))
    await one.add("mail", {}, order="ann")
    late = await take(one)
    clock.now += one.lease - 1
    assert await one.extend(late)
    clock.now += 2
    assert await two.claim(KINDS) is None
    clock.now += one.lease
    job = await take(two)
    assert job.attempts == 2
    assert await one.extend(late) is False
    await one.finish(late)
    await one.fail(late, "late")
    assert await two.counts() == {"queued": 0, "running": 1, "failed": 0}


async def test_a_job_that_kills_its_process_ends_as_a_dead_letter(jobs: Jobs, clock: Clock) -> None:
    await jobs.add("mail", {})
    for _ in range(4):
        await take(jobs)
        clock.now += jobs.lease + 1
    assert await jobs.claim(KINDS) is None
    assert await jobs.counts() == {"queued": 0, "running": 0, "failed": 1}


async def test_a_released_job_has_lost_no_try(jobs: Jobs) -> None:
    await jobs.add("mail", {})
    await jobs.release(await take(jobs))
    assert (await take(jobs)).attempts == 1


async def test_a_fresh_start_frees_the_jobs_of_a_killed_process(
    database: Database, clock: Clock, child: subprocess.Popen[bytes]
) -> None:
    here = Owner.current()
    killed = Jobs(database, clock, owner=replace(here, process=child.pid, began=began(child.pid) or ""))
    away = Jobs(database, clock, owner=replace(here, machine="elsewhere", process=child.pid))
    fresh = Jobs(database, clock)
    for holder in (killed, away, fresh):
        await holder.add("mail", {})
        await take(holder)
    assert await fresh.release_dead() == 0
    child.kill()
    child.wait()
    assert await fresh.release_dead() == 1
    assert (await take(fresh)).attempts == 2
    assert await fresh.claim(KINDS) is None


def test_an_owner_of_an_earlier_boot_or_a_reused_number_is_dead() -> None:
    here = Owner.current()
    assert not here.is_dead(here)
    assert replace(here, boot="earlier").is_dead(here)
    assert not replace(here, boot="earlier", machine="elsewhere").is_dead(here)
    assert Owner.from_document(here.document()) == here
    if sys.platform == "linux":
        assert replace(here, began="1").is_dead(here)
        assert began(os.getpid()) is not None


async def test_looking_for_work_reads_only_what_is_due(database: Database) -> None:
    jobs = Jobs(database)
    for _ in range(20):
        await jobs.add("mail", {}, run_after=time.time() + 3600)
        await jobs.add("other", {})
    query = {"kind": {"$in": KINDS}, "run_after": {"$lte": jobs._now()}}
    command = {"findAndModify": "jobs", "query": query, "sort": {"run_after": 1, "_id": 1}, "remove": True}
    plan = await database.handle.command({"explain": command, "verbosity": "executionStats"})
    assert plan["executionStats"]["totalDocsExamined"] == 0
    assert plan["executionStats"]["totalKeysExamined"] <= 1


async def test_an_open_job_is_dropped_by_its_key(jobs: Jobs, database: Database) -> None:
    await jobs.add("mail", {}, key="a")
    await jobs.add("mail", {}, key="b")
    running = await take(jobs)
    await database.transaction(lambda session: jobs.drop("a", session))
    assert await jobs.left(KINDS) == 1
    assert await jobs.extend(running) is False
    assert (await take(jobs)).attempts == 1


async def test_what_waits_or_has_failed_is_dropped_by_order_or_key(jobs: Jobs, database: Database) -> None:
    await jobs.add("mail", {"n": 1}, order="ann")
    running = await take(jobs)
    await jobs.add("mail", {"n": 2}, order="ann")
    await jobs.add("mail", {"n": 3}, order="bob")
    for name in ("mine", "hers"):
        await jobs.add("other", {}, key=name)
    await database["jobs"].update_many({"kind": "other"}, {"$set": {"state": "failed", "run_after": None}})
    await jobs.add("other", {}, key="mine")
    await database.transaction(lambda session: jobs.drop_idle(["ann"], ["mine"], session))
    rows = await database["jobs"].find({}).to_list(None)
    left = [(row["args"].get("n"), row.get("key"), row["state"]) for row in rows]
    assert left == [
        (1, None, "running"),
        (3, None, "queued"),
        (None, "hers", "failed"),
        (None, "mine", "queued"),
    ]
    assert await jobs.extend(running) is True


async def test_a_job_travels_in_the_arguments_of_another(jobs: Jobs) -> None:
    job = NewJob("mail", {"to": "ann"}, order="ann", key="k")
    await jobs.add("mail", {"then": [job.document()]})
    assert [NewJob.of(each) for each in (await take(jobs)).args["then"]] == [job]


async def test_what_is_put_off_is_not_left_over(jobs: Jobs, clock: Clock) -> None:
    await jobs.add("mail", {}, run_after=clock.now + 60)
    assert await jobs.left(KINDS) == 0
    clock.now += 61
    assert await jobs.left(KINDS) == 1
    assert await jobs.fail(await take(jobs), "in vain")
    assert await jobs.left(KINDS) == 1
