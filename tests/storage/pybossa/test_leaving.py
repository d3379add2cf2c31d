"""Leaving: numbers of projects stay, ranks close up, nothing names the person any more."""

from __future__ import annotations

from typing import Any

import pytest

from storage.pybossa import leaving
from storage.pybossa.leaving import SWEEP
from storage.stores import Stores
from tests.storage.pybossa.village import Village, assert_exact, find_all


@pytest.fixture
def village(stores: Stores) -> Village:
    return Village(stores)


async def numbers(stores: Stores) -> list[Any]:
    """Return the numbers of all projects."""
    return [row["stats"] for row in await find_all(stores, "projects")]


async def work_together(village: Village) -> tuple[Any, Any, Any]:
    """Let three people answer tasks of two projects, Ann most of all."""
    ann, ben, cat = [await village.join(name) for name in ("ann", "ben", "cat")]
    for _ in range(2):
        _, tasks = await village.project(ben, tasks=2, n_answers=3)
        for user, times in ((ann, 3), (ben, 1), (cat, 2)):
            for number in range(times):
                await village.run(tasks[number % 2], user)
        await village.run(tasks[0], None, "10.0.0.1")
    return ann, ben, cat


async def test_runs_stay_from_one_address_and_ranks_close_up(village: Village) -> None:
    ann, _, cat = await work_together(village)
    before = await numbers(village.stores)
    await village.stores.deletion.delete(ann.oid)
    assert await numbers(village.stores) == before
    assert await village.rank(cat) == 1
    runs = [row for row in await find_all(village.stores, "task_runs") if row["user_id"] is None]
    addresses = [row["user_ip"] for row in runs if row["user_ip"] != "10.0.0.1"]
    assert len(addresses) == 6
    assert len(set(addresses)) == 1
    await assert_exact(village.stores)


@pytest.mark.parametrize("kind", ["published", "draft"])
async def test_the_next_owner_takes_over(village: Village, kind: str) -> None:
    ann, ben = await village.join("ann"), await village.join("ben")
    made, _ = await village.project(ann, published=kind == "published")
    both = {"$set": {"owners_ids": [ann.id, ben.id]}}
    await village.stores.database["projects"].update_one({"_id": made.id}, both)
    await village.stores.deletion.delete(ann.oid)
    (project,) = await village.stores.projects.owned_by(ben.id)
    assert (project.owner_id, project.owners_ids) == (ben.id, [ben.id])
    await assert_exact(village.stores)


async def test_a_published_project_stays_without_an_owner_a_draft_goes(village: Village) -> None:
    ann, ben = await village.join("ann"), await village.join("ben")
    shown, (task,) = await village.project(ann)
    _, (draft,) = await village.project(ann, published=False)
    for each in (task, draft, draft):
        await village.run(each, ben)
    await village.stores.deletion.delete(ann.oid)
    (project,) = await find_all(village.stores, "projects")
    assert (project["_id"], project["owner_id"], project["owners_ids"]) == (shown.id, None, [])
    assert (await village.now(ben)).score == 1
    assert [row["_id"] for row in await find_all(village.stores, "tasks")] == [task]
    await assert_exact(village.stores)


async def test_very_many_runs_follow_in_a_job_that_may_run_twice(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "AT_ONCE", 3)
    monkeypatch.setattr(leaving, "BATCH", 2)
    stores = village.stores
    ann, _, _ = await work_together(village)
    _, (draft,) = await village.project(ann, published=False)
    for _ in range(4):
        await village.run(draft, ann)
    before = (await numbers(stores))[:2]
    await stores.deletion.delete(ann.oid)
    assert await numbers(stores) == before
    job = await stores.jobs.claim([SWEEP])
    assert job is not None
    assert await stores.database["task_runs"].count_documents({"user_id": ann.id}) == 10
    for _ in range(2):
        await stores.leaving.sweep(job.args)
    assert await stores.database["task_runs"].count_documents({"user_id": ann.id}) == 0
    await assert_exact(stores)


async def test_nothing_names_who_has_left(village: Village) -> None:
    ann, ben, _ = await work_together(village)
    await village.stores.deletion.delete(ann.oid)
    for name in ("update_feed", "leaderboard", "outbox", "contributions", "projects", "users"):
        assert "'ann'" not in str(await find_all(village.stores, name)), name
    assert (await village.stores.pybossa.by_id(ben.id)) is not None


async def test_who_has_not_joined_leaves_as_before(village: Village) -> None:
    made = await village.stores.accounts.register("x@example.org", {}, ip=None, mails=lambda _: ())
    await village.stores.deletion.delete(made.person["_id"])
    assert await village.stores.database["jobs"].count_documents({"kind": SWEEP}) == 0
    await assert_exact(village.stores)
