"""Votes through several processes, some of which die: the tally always equals the votes."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.database import Database
from storage.driver import settled
from storage.person import new_person
from storage.polls import FIRST_OPTIONS, Tally
from storage.stores import Stores
from tests.serving import Answer, Api, ServerProcess

VOTERS, ROUNDS = 30, 20
UNPROTECTED = str(Path(__file__).parent.parent / "unprotected_server.py")


async def make_members(database: Database, count: int = VOTERS) -> list[str]:
    """Store members; return their secrets."""
    people = [new_person(n, f"voter{n}@example.org", {}, now=float(n), ip=None) for n in range(1, count + 1)]
    await database["users"].insert_many(people)
    return [person["s"] for person in people]


async def vote(api: Api, secret: str, option: str) -> int | None:
    """Cast a vote; return the status, None where the server is gone."""
    body = {"s": secret, "poll_id": 1, "option_id": option}
    try:
        return (await api.post("/api/v0/iiccot/cast_vote", body)).status
    except ConnectionError:
        return None


async def count(database: Database) -> tuple[Tally, dict[str, int], int]:
    """Return the tally, the votes by option, and the number of distinct voters."""
    stores = Stores.over(database)
    votes = await database["votes"].find({"poll_id": 1}).to_list(None)
    options = Counter(row["option_id"] for row in votes)
    return await stores.polls.tally(1), dict(options), len({row["user_id"] for row in votes})


async def revote(api: Api, other: Api, secret: str, after: Callable[[], None]) -> None:
    """Vote again and again, through both servers at once; `after` hears of each pair of votes."""
    for _ in range(ROUNDS):
        await asyncio.gather(*(vote(each, secret, random.choice(FIRST_OPTIONS)) for each in (api, other)))
        after()


async def revote_and_kill(database: Database, launch: Callable[..., ServerProcess], program: str) -> None:
    """Let all members vote at once through two servers, and kill one in the middle."""
    secrets = await make_members(database)
    victim, survivor = launch(PROGRAM=program), launch(PROGRAM=program)
    cast = 0

    def note() -> None:
        nonlocal cast
        cast += 1
        if cast == VOTERS * ROUNDS // 2:
            victim.process.kill()

    apis = Api(victim.url), Api(survivor.url)
    await asyncio.gather(*(revote(*apis, secret, note) for secret in secrets))
    # Whoever was refused while the dead one's transaction was open votes once more.
    for secret in secrets:
        async with asyncio.timeout(20):
            while await vote(apis[1], secret, random.choice(FIRST_OPTIONS)) != 200:
                pass  # each refusal takes as long as the server's patience


async def test_the_tally_equals_the_votes_when_a_process_is_killed(
    database: Database, launch: Callable[..., ServerProcess]
) -> None:
    await revote_and_kill(database, launch, "server.py")
    tally, options, voters = await count(database)
    assert {option: number for option, number in tally.stats.items() if number} == options
    assert tally.total == sum(tally.stats.values()) == sum(options.values()) == voters == VOTERS


@pytest.mark.timeout(90)
async def test_without_transactions_the_tally_goes_wrong(
    database: Database, launch: Callable[..., ServerProcess]
) -> None:
    """It is a matter of chance, so it gets a few tries."""
    for _ in range(5):
        await revote_and_kill(database, launch, UNPROTECTED)
        tally, options, _ = await count(database)
        if {option: number for option, number in tally.stats.items() if number} != options:
            return
        await database["users"].delete_many({})
    pytest.fail("the tally was right without transactions: what does this test prove?")


@pytest.mark.timeout(60)
async def test_an_orphaned_transaction_blocks_a_poll_for_six_seconds_at_most(
    api: Api, database: Database
) -> None:
    """A process that dies inside a transaction leaves it open; callers get 503 until it is reaped."""
    (secret,) = await make_members(database, 1)
    orphan = database.client.start_session()
    session = await settled(orphan) if asyncio.iscoroutine(orphan) else orphan
    await settled(session.start_transaction())
    await database["poll_stats"].update_one({"poll_id": 1}, {"$inc": {"version": 1}}, session=session)
    began = asyncio.get_running_loop().time()
    answers: list[Answer] = []
    while not answers or answers[-1].status != 200:
        body = {"s": secret, "poll_id": 1, "option_id": "101"}
        answers.append(await api.post("/api/v0/iiccot/cast_vote", body))
        assert asyncio.get_running_loop().time() - began < 6
    refused = answers[:-1]
    assert refused, "the transaction was expected to be in the way"
    assert {answer.status for answer in refused} == {503}
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
    assert all(set(answer.json) == {"error", "error_args"} for answer in refused)
    assert answers[-1].json["stats"]["101"] == 1
    await settled(session.end_session())
