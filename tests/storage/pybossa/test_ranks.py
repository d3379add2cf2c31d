"""Ranks and lists: exact whatever happens, without ties, without restricted people."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from storage.pybossa import ladder
from storage.stores import Stores
from tests.storage.pybossa.village import Village, assert_exact


@pytest.fixture
def village(stores: Stores) -> Village:
    return Village(stores)


@pytest.fixture
def short_rungs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let rungs be cut and merged with few people already."""
    for name, value in (("MOST", 6), ("SIZE", 4), ("LEAST", 2)):
        monkeypatch.setattr(ladder, name, value)


async def test_more_runs_come_first_then_the_older_account_then_the_smaller_id(village: Village) -> None:
    ann, ben, cat, dee = [await village.join(name) for name in ("ann", "ben", "cat", "dee")]
    database = village.stores.database
    _, (task,) = await village.project(ann)
    for user, runs in ((ann, 1), (ben, 3), (cat, 1), (dee, 1)):
        for _ in range(runs):
            await village.run(task, user)
    assert [await village.rank(user) for user in (ann, ben, cat, dee)] == [2, 1, 3, 4]
    assert await database["users"].count_documents({"pybossa.score": 1}) == 3
    await assert_exact(village.stores)


async def test_restricted_people_are_in_no_list_and_come_back(village: Village) -> None:
    ann, ben = await village.join("ann"), await village.join("ben")
    _, (task,) = await village.project(ann)
    await village.run(task, ann)
    await village.run(task, ben)
    await village.stores.pybossa.change(ann.oid, {"restrict": True})
    assert (await village.rank(ann), await village.rank(ben)) == (None, 1)
    assert [row["name"] for row in await village.stores.ranking.top(20)] == ["ben"]
    assert (await village.stores.ranking.page(1))[1] == 1
    assert await village.stores.ranking.joined() == 2
    await village.run(task, ann)
    await assert_exact(village.stores)
    await village.stores.pybossa.change(ann.oid, {"restrict": False})
    assert await village.rank(ann) == 1
    await assert_exact(village.stores)


async def test_who_has_not_joined_is_nowhere(village: Village) -> None:
    await village.stores.accounts.register("x@example.org", {"name": "X"}, ip=None, mails=lambda _: ())
    assert await village.stores.ranking.joined() == 0
    assert await village.stores.ranking.top(20) == []
    assert await village.stores.ranking.page(1) == ([], 0)
    await assert_exact(village.stores)


async def test_a_page_behind_the_last_is_empty_and_still_tells_the_total(village: Village) -> None:
    ann = await village.join("ann")
    _, (task,) = await village.project(ann)
    await village.run(task, ann)
    assert await village.stores.ranking.page(2**40) == ([], 1)


@pytest.mark.usefixtures("short_rungs")
@pytest.mark.parametrize("seed", range(3))
async def test_anything_in_any_order_stays_exact(village: Village, seed: int) -> None:
    """People join, contribute, restrict themselves, leave: what is derived stays what it follows from."""
    chance, stores = random.Random(seed), village.stores
    people = [await village.join(f"person {n}") for n in range(12)]
    tasks: list[int] = []
    for published in (True, False):
        _, more = await village.project(people[0], published=published, tasks=4, n_answers=5)
        tasks += more
    for step in range(90):
        someone: Any = chance.choice(people)
        match chance.choices(["run", "guest", "restrict", "join", "leave"], [60, 8, 12, 12, 5])[0]:
            case "run":
                await village.run(chance.choice(tasks[:4] if step > 60 else tasks), someone)
            case "guest":
                await village.run(chance.choice(tasks[:4]), None, f"10.0.0.{chance.randrange(4)}")
            case "restrict":
                await stores.pybossa.change(someone.oid, {"restrict": chance.random() < 0.5})
            case "join":
                people.append(await village.join(f"late {step}"))
            case "leave" if len(people) > 3 and someone is not people[0]:
                people.remove(someone)
                await stores.deletion.delete(someone.oid)
    await assert_exact(stores)


@pytest.mark.usefixtures("short_rungs")
async def test_people_who_act_side_by_side_do_not_disturb_the_count(stores: Stores) -> None:
    """Several processes at once: each has its own stores over the database."""
    processes = [Village(Stores.over(stores.database)) for _ in range(3)]
    people = await asyncio.gather(*(processes[n % 3].join(f"person {n}") for n in range(15)))
    _, tasks = await processes[0].project(people[0], tasks=3, n_answers=10)
    chance = random.Random(7)
    deeds = [
        processes[n % 3].run(chance.choice(tasks), people[chance.randrange(15)])
        if n % 5
        else processes[n % 3].stores.pybossa.change(people[n % 15].oid, {"restrict": n % 2 == 0})
        for n in range(60)
    ]
    await asyncio.gather(*deeds)
    await assert_exact(stores)


@pytest.mark.usefixtures("short_rungs")
async def test_a_long_ladder_is_cut_and_merged(village: Village) -> None:
    people = [await village.join(f"person {n}") for n in range(30)]
    standings = village.stores.ranking.standings
    assert len(await standings.rungs()) > 4
    for user in people[3:]:
        await village.stores.deletion.delete(user.oid)
    assert len(await standings.rungs()) <= 2
    assert await standings.length() == 3
    await assert_exact(village.stores)
