"""The phone bank under many callers at once, and over many members."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

import pytest

from storage.calls import CONTACT_FIELDS, Call, Calls, HandedOut, Outcome, Search
from storage.counters import Counters
from storage.database import Database
from storage.driver import Document, ObjectId, Session
from storage.errors import Departed
from storage.person import new_person
from storage.stores import Stores
from tests.flux.callers import LEASE, WEEK, Bank
from tests.serving import Api


async def settle(database: Database, number: int) -> list[ObjectId]:
    """Store so many members to call."""
    people = [
        new_person(n, f"m{n}@example.com", {"contact_number": "0400000000"}, now=float(n), ip=None)
        for n in range(1000, 1000 + number)
    ]
    await database["users"].insert_many(people)
    return [person["_id"] for person in people]


@pytest.fixture
async def bank(api: Api, stores: Stores) -> Bank:
    return Bank(api, stores)


async def test_parallel_callers_never_get_the_same_member(bank: Bank) -> None:
    await settle(bank.stores.database, 20)
    callers = [await bank.hire(f"c{n}@example.com") for n in range(6)]
    answers = await asyncio.gather(*(bank.ask(callers[n % 6], no_any_call_since=0) for n in range(30)))
    assert Counter(answer.status for answer in answers) == {200: 20, 404: 10}
    log = await bank.stores.database["call_log"].find({}).to_list(None)
    assert len({row["user_id"] for row in log}) == len({row["call_id"] for row in log}) == len(log) == 20


async def hire_one(database: Database) -> ObjectId:
    """Store a caller without a number."""
    caller = new_person(1, "caller@example.com", {}, now=1.0, ip=None)
    await database["users"].insert_one(caller)
    oid: ObjectId = caller["_id"]
    return oid


async def hand_out_many(database: Database, banks: list[Calls]) -> list[ObjectId]:
    """Ask all phone banks ten times at once; return who was handed out."""
    caller = await hire_one(database)
    asked = [bank.hand_out(Search(caller), LEASE) for _ in range(10) for bank in banks]
    return [handed.person["_id"] for handed in await asyncio.gather(*asked) if handed is not None]


async def test_processes_never_hand_out_the_same_member(database: Database) -> None:
    """Each store has its own queue, as each process has."""
    people = await settle(database, 24)
    banks = [Calls(database, Counters(database)) for _ in range(3)]
    handed = await hand_out_many(database, banks)
    assert sorted(handed) == sorted(people)


class Careless(Calls):
    """Looks first and leases then: the protection switched off."""

    async def _hand_out(self, calls: Any) -> list[Document | None]:
        return [await self._claim(call, None) for call in calls]

    async def _claim(self, call: Call, session: Session | None) -> Document | None:
        found = await self._users.find_one(
            call.search.query(self._clock()), CONTACT_FIELDS, sort=[("phone_bank.last_call", 1)]
        )
        if found is not None:
            lease = {"phone_bank.lease_until": self._clock() + call.lease}
            await self._users.update_one({"_id": found["_id"]}, {"$set": lease})
        return found


async def test_without_the_one_step_they_would(database: Database) -> None:
    await settle(database, 24)
    handed = await hand_out_many(database, [Careless(database, Counters(database)) for _ in range(3)])
    assert len(set(handed)) < len(handed)


async def test_reports_and_new_leases_do_not_lose_each_other(database: Database) -> None:
    people = await settle(database, 8)
    caller = await hire_one(database)
    banks = [Calls(database, Counters(database)) for _ in range(2)]

    async def call_all(bank: Calls) -> None:
        for _ in range(4):
            handed = await bank.hand_out(Search(caller), LEASE)
            assert handed is not None
            await bank.report(handed.call_id, Outcome(True, False, ""))

    await asyncio.gather(*(call_all(bank) for bank in banks))
    log = database["call_log"]
    assert sorted(await log.distinct("user_id", {"answered": True})) == sorted(people)
    assert await database["users"].count_documents({"phone_bank.lease_until": {"$exists": True}}) == 0


async def test_a_caller_who_is_being_deleted_leaves_no_call_behind(stores: Stores) -> None:
    """Whoever comes first, the log never names somebody who is gone."""
    await settle(stores.database, 12)
    callers = [await hire_one(stores.database)]
    for n in range(2, 8):
        caller = new_person(n, f"caller{n}@example.com", {}, now=1.0, ip=None)
        await stores.database["users"].insert_one(caller)
        callers.append(caller["_id"])
    steps = [
        step for oid in callers for step in (stores.calls.hand_out(Search(oid), LEASE), leave(stores, oid))
    ]
    results = await asyncio.gather(*steps, return_exceptions=True)
    assert all(isinstance(each, HandedOut | Departed | None) for each in results), results
    assert await stores.database["call_log"].distinct("caller_id") in ([None], [])


async def leave(stores: Stores, oid: ObjectId) -> None:
    await stores.deletion.delete(oid)


# The plan


def stages(plan: Any) -> set[str]:
    """Name the stages of a plan."""
    below = [plan.get("inputStage"), *plan.get("inputStages", [])]
    return {plan["stage"]}.union(*(stages(each) for each in below if each))


@pytest.mark.parametrize("state", [None, "tas"])
async def test_the_search_walks_an_index_past_all_who_may_not_be_called(
    database: Database, state: str | None
) -> None:
    now = time.time()
    kinds: list[dict[str, Any]] = [
        {"contact_number": "", "timestamp": 1.0},
        {"contact_number": "1", "do_not_call": True, "timestamp": 2.0},
        {"contact_number": "1", "is_active": False, "timestamp": 3.0},
        {"contact_number": "1", "phone_bank": {"last_call": now - 60, "lease_until": now + 60}},
        {"contact_number": "1", "phone_bank": {"last_call": now - 2 * WEEK}},
    ]
    people = [
        {**new_person(n, f"m{n}@example.com", {}, now=now, ip=None), "addr_state": "tas", **kinds[n % 5]}
        for n in range(2000)
    ]
    await database["users"].insert_many(people)
    search = Search(ObjectId(), state, since_answered=WEEK, since_any=WEEK)
    asked = {
        "findAndModify": "users",
        "query": search.query(now),
        "sort": {"phone_bank.last_call": 1, "timestamp": 1},
        "update": {"$set": {"phone_bank.call_id": 1}},
        "hint": dict(search.hint()),
    }
    plan = await database.handle.command({"explain": asked, "verbosity": "executionStats"})
    found = plan["executionStats"]
    assert "SORT" not in stages(found["executionStages"])
    assert "COLLSCAN" not in stages(found["executionStages"])
    assert found["totalDocsExamined"] == 1
    assert found["totalKeysExamined"] <= 6
