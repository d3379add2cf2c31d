"""A community to look at."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from scripts.demo.founding import NOTHING, OPTIONS, populate
from scripts.demo.life import Life, animate
from scripts.demo_data import animate as offered
from storage.community import Community
from storage.driver import ObjectId
from storage.errors import Busy
from storage.person import STATES
from storage.polls import Cast
from storage.stores import Stores
from tests.scripts.conftest import Script


async def everybody(stores: Stores) -> list[dict[str, Any]]:
    """Return all accounts in the order of their ids."""
    return await stores.database["users"].find({}).sort("id", 1).to_list(None)


async def test_a_small_community_has_all_kinds(script: Script, stores: Stores) -> None:
    """Sixty members in every state, on and off the roll, validated or not; most of them voted; no mail."""
    ran = await script("demo_data")
    assert ran.code == 0, ran.err
    people = await everybody(stores)
    assert {person["addr_state"] for person in people} == set(STATES)
    for flag in ("onAECRoll", "detailsValid", "needsValidating", "volunteer", "email_validated"):
        assert {person[flag] for person in people} == {True, False}, flag
    assert all(person["email"].partition("@")[2].startswith("example.") for person in people)
    tally = await stores.polls.tally(1)
    made = {"members": len(people), "votes": tally.total, "comics": 12, "releases": 72}
    made |= {"projects": 4, "contributions": 50, "events": 5, "interactions": 50}
    assert ran.json == {"made": made}
    assert len(people) == 60
    assert sum(count > 0 for count in tally.stats.values()) >= 6
    assert await stores.database["jobs"].find_one({}) is None
    poll = await stores.database["poll_options"].find_one({"poll_id": 1})
    assert poll is not None
    assert poll["options"] == OPTIONS
    assert (await stores.statistics.counters())["n_members_raw"] == 60


async def test_the_suburbs_of_members_have_streets(stores: Stores) -> None:
    """Each Australian postcode that a member lives in has suburbs, each suburb streets."""
    await populate(stores)
    lived_in = {each["addr_postcode"] for each in await everybody(stores) if each["addr_country"] == "au"}
    assert await stores.gazetteer.suburbs("au", "0800") == ["DARWIN (NT)"]
    for postcode in lived_in - {""}:
        for suburb in await stores.gazetteer.suburbs("au", postcode):
            assert "ACACIA AVE" in await stores.gazetteer.streets("au", postcode, suburb)
    assert all([await stores.gazetteer.suburbs("au", postcode) for postcode in lived_in - {""}])


async def test_where_somebody_is_nothing_is_done(script: Script, stores: Stores) -> None:
    """One account is enough to leave a database alone."""
    await stores.accounts.register("ann@example.org", {}, ip=None, mails=lambda _: ())
    ran = await script("demo_data", "--size", "large")
    assert (ran.code, ran.json) == (0, {"made": dict(NOTHING)})
    assert "nothing was done" in ran.err
    assert len(await everybody(stores)) == 1


async def test_it_is_the_same_each_time_but_for_secrets(stores: Stores) -> None:
    """Names and votes repeat; nobody can work out a demo member's secret."""
    await populate(stores, clock=lambda: 1e9)
    first, tally = await everybody(stores), await stores.polls.tally(1)
    for name in ("users", "email_addresses", "votes", "poll_stats", "poll_options", "events", "interactions"):
        await stores.database[name].delete_many({})
    again = Stores.over(stores.database)
    await again.prepare()
    await populate(again, clock=lambda: 1e9)
    second = await everybody(stores)
    known = ("name", "email", "address", "timestamp", "detailsValid")
    assert [[each[key] for key in known] for each in first] == [
        [each[key] for key in known] for each in second
    ]
    assert not {each["s"] for each in first} & {each["s"] for each in second}
    assert (await stores.polls.tally(1)).stats == tally.stats


async def test_of_several_at_once_one_founds_it(stores: Stores) -> None:
    """Server processes that start together make one community."""
    made = await asyncio.gather(*(populate(Stores.over(stores.database)) for _ in range(3)))
    assert sorted(each["members"] for each in made) == [0, 0, 60]
    assert len(await everybody(stores)) == 60


async def test_life_moves_only_demo_members(stores: Stores) -> None:
    """Votes change and people join; an account that is no demo member never votes."""
    await populate(stores)
    ann = await stores.accounts.register("ann@example.org", {}, ip=None, mails=lambda _: ())
    before = await stores.polls.tally(1)
    life = asyncio.create_task(animate(stores, chance=random.Random(1), pace=1000))
    while (await stores.polls.tally(1)).version < before.version + 50:
        assert not life.done()
    life.cancel()
    await asyncio.gather(life, return_exceptions=True)
    assert await stores.database["votes"].find_one({"user_id": ann.person["_id"]}) is None


async def test_newcomers_are_bounded(stores: Stores) -> None:
    """At the bound whoever came first leaves for each who comes, and leaves nothing behind."""
    await populate(stores)
    life, community = Life(stores, random.Random(2), 3, lambda: 1e9), Community(stores.database)
    sizes, seen = [], set()
    for _ in range(9):
        assert await life.join()
        newcomers = await community.residents("newcomer")
        sizes.append(len(newcomers))
        seen |= set(newcomers)
    assert sizes == [1, 2, 3, 2, 3, 2, 3, 2, 3]
    assert len(seen) == 6
    assert len(await everybody(stores)) == 63
    assert await stores.database["email_addresses"].count_documents({}) == 63
    assert await stores.database["log"].find_one({}) is None


async def test_life_goes_on_after_trouble(stores: Stores, monkeypatch: Any) -> None:
    """A vote that the database could not take is not the end."""
    await populate(stores)
    cast, voted, refused = stores.polls.cast, asyncio.Event(), asyncio.Event()

    async def refuse_once(poll: int, voter: ObjectId, option: str) -> Cast:
        if not refused.is_set():
            refused.set()
            raise Busy
        voted.set()
        return await cast(poll, voter, option)

    monkeypatch.setattr(stores.polls, "cast", refuse_once)
    monkeypatch.setattr("scripts.demo.life.REST", 0.01)
    life = asyncio.create_task(offered(stores, chance=random.Random(3), pace=1000))
    await asyncio.wait_for(voted.wait(), 10)
    life.cancel()
    await asyncio.gather(life, return_exceptions=True)
    assert refused.is_set()


async def test_without_a_demo_life_stands_still(stores: Stores) -> None:
    """Among real accounts alone nothing moves."""
    await stores.accounts.register("ann@example.org", {}, ip=None, mails=lambda _: ())
    life = Life(stores, random.Random(4), 3, lambda: 1e9)
    assert await life.gather() == []
