"""The demo's projects: there from the beginning, and never finished."""

from __future__ import annotations

import random

import pytest

from scripts.demo import projects
from scripts.demo.founding import populate
from scripts.demo.people import invent
from scripts.demo.projects import SHORT_NAMES, volunteer
from storage.community import Community
from storage.driver import ObjectId
from storage.stores import Stores
from tests.storage.pybossa.village import assert_exact


async def settle(stores: Stores, size: int) -> list[ObjectId]:
    """Let some people be there."""
    chance = random.Random(1)
    return await Community(stores.database).settle(
        [invent(chance, n, now=1e9) for n in range(size)], "founder"
    )


async def test_the_demo_has_projects_leaders_and_news(stores: Stores) -> None:
    made = await populate(stores)
    assert (made["projects"], made["contributions"]) == (4, 50)
    found = await stores.projects.named(SHORT_NAMES)
    assert len(found) == 4
    assert all(each.published and each.n_tasks and each.n_volunteers for each in found)
    assert len(await stores.ranking.top(20)) == projects.VOLUNTEERS
    assert len(await stores.feed.newest()) > 50
    await assert_exact(stores)


async def test_life_goes_on_in_the_projects(stores: Stores) -> None:
    """Demo members join and contribute; a project whose tasks are done gets another."""
    await populate(stores)
    crowd = await Community(stores.database).residents("founder")
    chance = random.Random(3)
    tasks = {each.id: each.n_tasks for each in await stores.projects.named(SHORT_NAMES)}
    joined = await stores.ranking.joined()
    await stores.database["tasks"].update_many({}, {"$set": {"n_answers": 1}})
    for _ in range(60):
        await volunteer(stores, crowd, chance)
    after = {each.id: each.n_tasks for each in await stores.projects.named(SHORT_NAMES)}
    assert sum(after.values()) > sum(tasks.values())
    assert joined < await stores.ranking.joined() <= projects.CIRCLE


async def test_beyond_a_bound_the_oldest_task_goes_with_its_answers(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long a demo runs, scores, ranks and numbers are those of the answers that are left."""
    monkeypatch.setattr(projects, "KEPT", 1)
    monkeypatch.setattr(projects, "ANSWERS", 1)
    monkeypatch.setattr(projects, "SHORT_NAMES", SHORT_NAMES[:1])
    crowd = await settle(stores, 15)
    await projects.found_projects(stores, crowd, 10)
    chance = random.Random(4)
    for _ in range(40):
        await volunteer(stores, crowd, chance)
    (project,) = await stores.projects.named(SHORT_NAMES[:1])
    assert project.n_completed <= 4  # one goes for each that comes: never more than at the beginning
    assert project.n_tasks <= project.n_completed + 1
    await assert_exact(stores)


async def test_without_the_demos_projects_nobody_contributes(stores: Stores) -> None:
    made = await stores.accounts.register("x@example.org", {}, ip=None, mails=lambda _: ())
    await volunteer(stores, [made.person["_id"]], random.Random(1))
    assert await stores.ranking.joined() == 0
