"""The phone bank: whom it hands out, to how many, and what reports do."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from storage.calls import CONTACT_FIELDS, Call, Calls, HandedOut, Outcome, Search
from storage.counters import Counters
from storage.database import Database
from storage.driver import Document, ObjectId, Session
from storage.errors import Departed
from storage.person import new_person
from storage.stores import Stores
from tests.serving import Answer, Api

NEXT, REPORT = "/api/v0/phone_bank/get_next_member", "/api/v0/phone_bank/report"
WEEK, LEASE = 604_800, 900


class Clock:
    """The time, and as much more of it as a test adds."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def stores(stores: Stores, clock: Clock) -> Stores:
    """Give the stores, with a phone bank whose time can be moved on."""
    return replace(stores, calls=Calls(stores.database, stores.counters, clock))


class Bank:
    """Members to be called, and callers."""

    def __init__(self, api: Api, stores: Stores) -> None:
        self.api = api
        self.stores = stores
        self.users = stores.database["users"]
        self.caller: dict[str, Any] = {}

    async def hire(self, email: str, role: str = "phone_bank") -> dict[str, Any]:
        """Register somebody with a role."""
        caller = await self.api.register(email)
        await self.stores.roles.give(role, ObjectId(caller["_id"]["$oid"]))
        return caller

    async def add(self, name: str, /, **fields: Any) -> None:
        """Register a member with a number; what isn't settable is written into the document."""
        address = f"{name.lower()}@example.com"
        await self.api.register(address, fname=name, contact_number=f"04{len(name):08}")
        if fields:
            await self.users.update_one({"email": address}, {"$set": fields})

    async def ask(self, caller: dict[str, Any] | None = None, **body: Any) -> Answer:
        """Ask for the next member."""
        return await self.api.post(NEXT, {"s": (caller or self.caller)["s"], **body})

    async def name(self, **body: Any) -> str | None:
        """Ask for the next member; return the name, None where nobody is left."""
        answer = await self.ask(**body)
        assert answer.status in (200, 404), answer.text
        return answer.json["name"] if answer.status == 200 else None

    async def report(self, call_id: Any, caller: dict[str, Any] | None = None, **body: Any) -> Answer:
        """Report a call."""
        return await self.api.post(REPORT, {"s": (caller or self.caller)["s"], "call_id": call_id, **body})


@pytest.fixture
async def bank(api: Api, stores: Stores) -> Bank:
    bank = Bank(api, stores)
    bank.caller = await bank.hire("caller@example.com")
    return bank


async def test_a_caller_gets_name_number_postcode_and_nothing_else(bank: Bank) -> None:
    await bank.add("Ann", sname="Example", name="Ann Example", addr_postcode="0800")
    answer = await bank.ask()
    assert answer.status == 200
    assert answer.json == {
        "name": "Ann Example",
        "contact_number": "0400000003",
        "postcode": 800,
        "call_log": [],
        "call_id": answer.json["call_id"],
    }
    assert type(answer.json["call_id"]) is int
    assert answer.json["call_id"] >= 100_000_001


async def test_the_first_call_has_the_first_number(bank: Bank) -> None:
    await bank.stores.database["counters"].delete_one({"_id": "call_log"})
    await bank.add("Ann")
    assert (await bank.ask()).json["call_id"] == 100_000_001


@pytest.mark.parametrize(
    ("fields", "postcode"),
    [
        ({}, None),
        ({"addr_postcode": "7000"}, 7000),
        ({"address": "1 High St; Hobart; 7004; au"}, 7004),
        ({"addr_postcode": "SW1A 1AA"}, None),
        ({"addr_postcode": "²"}, None),
    ],
)
async def test_the_postcode_is_a_number_or_null(
    bank: Bank, fields: dict[str, str], postcode: int | None
) -> None:
    await bank.add("Ann", **fields)
    assert (await bank.ask()).json["postcode"] == postcode


async def test_a_name_that_is_missing_is_joined_from_its_parts(bank: Bank) -> None:
    await bank.add("Ann", name="", mnames="B.", sname="Example")
    assert await bank.name() == "Ann B. Example"


async def test_only_the_phone_bank_and_admins_may_call(bank: Bank) -> None:
    await bank.add("Ann")
    nobody = await bank.api.register("nobody@example.com")
    for call in (bank.ask(nobody), bank.report(1, nobody)):
        answer = await call
        assert answer.status == 403
        assert answer.json["error"] == "insufficient permissions"
    for secret in (None, "", 1, {"$ne": ""}, "0" * 40):
        answer = await bank.api.post(NEXT, {"s": secret})
        assert (answer.status, answer.json["error"]) == (403, "auth failed")
    admin = await bank.hire("admin@example.com", "admin")
    assert (await bank.ask(admin)).status == 200


@pytest.mark.parametrize(
    "fields",
    [{"is_active": False}, {"contact_number": ""}, {"do_not_call": True}],
    ids=lambda fields: next(iter(fields)),
)
async def test_who_cannot_or_will_not_be_called_is_left_out(bank: Bank, fields: dict[str, Any]) -> None:
    await bank.add("Ann", **fields)
    answer = await bank.ask()
    assert answer.status == 404
    assert set(answer.json) == {"error", "error_args"}


async def test_an_imported_empty_do_not_call_is_none(bank: Bank) -> None:
    await bank.add("Ann", do_not_call="")
    assert await bank.name() == "Ann"


async def test_nobody_is_told_to_call_oneself(bank: Bank) -> None:
    await bank.users.update_many({}, {"$set": {"contact_number": "0400000000"}})
    assert await bank.name() is None


async def test_a_state_in_any_case_narrows_the_search(bank: Bank) -> None:
    await bank.add("Vic", addr_state="vic")
    await bank.add("Tess", addr_state="tas")
    assert await bank.name(state="TaS") == "Tess"
    assert await bank.name(state="tas") is None
    assert await bank.name(state="vic") == "Vic"


@pytest.mark.parametrize("name", ["no_answered_call_since", "no_any_call_since"])
@pytest.mark.parametrize("value", [True, -1, 1.5, "1", None, [1], 2**63])
async def test_seconds_are_whole_numbers_from_0(bank: Bank, name: str, value: Any) -> None:
    await bank.add("Ann")
    answer = await bank.ask(**{name: value})
    assert answer.status == 400
    assert await bank.name(**{name: 2**63 - 1}) == "Ann"


@pytest.mark.parametrize("state", ["xx", "", 7, ["nsw"], {"$ne": ""}, "nostate", "weirdstate", None])
async def test_a_state_is_one_of_eight(bank: Bank, state: Any) -> None:
    await bank.add("Ann", addr_state="nostate")
    answer = await bank.ask(state=state)
    assert answer.status == 400
    assert answer.json["error_args"][0].startswith("state: ")


async def test_never_called_come_first_oldest_first_then_the_longest_ago_called(
    bank: Bank, clock: Clock
) -> None:
    now = clock()
    await bank.add("Recent", phone_bank={"last_call": now - 2 * WEEK})
    await bank.add("Young", timestamp=now - 10)
    await bank.add("Former", phone_bank={"last_call": now - 3 * WEEK})
    await bank.add("Old", timestamp=now - 20)
    assert [await bank.name() for _ in range(5)] == ["Old", "Young", "Former", "Recent", None]


async def test_asking_again_gives_another_and_the_first_stays_leased(bank: Bank) -> None:
    await bank.add("Ann", timestamp=1)
    await bank.add("Bea", timestamp=2)
    assert [await bank.name(no_any_call_since=0) for _ in range(3)] == ["Ann", "Bea", None]


async def test_a_lease_runs_out(bank: Bank, clock: Clock) -> None:
    await bank.add("Ann")
    assert await bank.name(no_any_call_since=0) == "Ann"
    clock.ahead += LEASE - 60
    assert await bank.name(no_any_call_since=0) is None
    clock.ahead += 61
    assert await bank.name() is None
    assert await bank.name(no_any_call_since=0) == "Ann"


async def test_a_report_ends_the_lease(bank: Bank) -> None:
    await bank.add("Ann")
    first = (await bank.ask()).json["call_id"]
    assert (await bank.report(first, answered=False)).json == {"status": "okay"}
    assert await bank.name() is None
    assert await bank.name(no_any_call_since=0) == "Ann"


async def test_a_late_report_leaves_the_lease_of_the_next_caller(bank: Bank, clock: Clock) -> None:
    await bank.add("Ann")
    first = (await bank.ask()).json["call_id"]
    clock.ahead += LEASE + 1
    assert await bank.name(no_any_call_since=0) == "Ann"
    await bank.report(first, answered=False)
    assert await bank.name(no_any_call_since=0) is None


async def test_an_answered_call_spares_for_as_long_as_asked(bank: Bank, clock: Clock) -> None:
    await bank.add("Ann")
    await bank.report((await bank.ask()).json["call_id"])
    assert await bank.name(no_any_call_since=0) is None
    assert await bank.name(no_any_call_since=0, no_answered_call_since=0) == "Ann"
    clock.ahead += WEEK + 1
    assert await bank.name() == "Ann"


async def test_a_corrected_report_takes_the_answer_back(bank: Bank) -> None:
    await bank.add("Ann")
    call = (await bank.ask()).json["call_id"]
    await bank.report(call, comment="talked", do_not_call=True)
    await bank.report(str(call), comment="$was another", answered=False)
    stored = await bank.stores.database["call_log"].find_one({"call_id": call})
    assert stored is not None
    assert (stored["answered"], stored["do_not_call"], stored["comment"]) == (False, False, "$was another")
    person = await bank.users.find_one({"fname": "Ann"})
    assert person is not None
    assert person["do_not_call"] is True  # false never clears it
    await bank.users.update_one({"fname": "Ann"}, {"$set": {"do_not_call": False}})
    assert await bank.name(no_any_call_since=0) == "Ann"


async def test_a_report_without_more_means_that_somebody_answered(bank: Bank) -> None:
    await bank.add("Ann")
    call = (await bank.ask()).json["call_id"]
    await bank.report(call)
    stored = await bank.stores.database["call_log"].find_one({"call_id": call})
    assert stored is not None
    assert stored["reported"] >= stored["handed_out"]
    assert (stored["answered"], stored["do_not_call"], stored["comment"]) == (True, False, "")


async def test_a_caller_sees_the_earlier_calls_newest_first(bank: Bank) -> None:
    await bank.add("Ann")
    first = (await bank.ask()).json["call_id"]
    await bank.report(first, answered=False, comment="not in")
    second = (await bank.ask(no_any_call_since=0)).json["call_id"]
    await bank.report(second, answered=False)
    log = (await bank.ask(no_any_call_since=0)).json["call_log"]
    assert [line["call_id"] for line in log] == [second, first]
    assert log[1] == {
        "call_id": first,
        "caller_id": bank.caller["_id"],
        "handed_out": log[1]["handed_out"],
        "reported": log[1]["reported"],
        "answered": False,
        "do_not_call": False,
        "comment": "not in",
    }
    assert type(log[1]["handed_out"]) is type(log[1]["reported"]) is int


async def test_of_many_calls_the_newest_fifty_are_shown(bank: Bank) -> None:
    await bank.add("Ann")
    ann = await bank.users.find_one({"fname": "Ann"})
    assert ann is not None
    rows = [{"call_id": n, "user_id": ann["_id"], "caller_id": None, "handed_out": n} for n in range(60)]
    await bank.stores.database["call_log"].insert_many(rows)
    log = (await bank.ask()).json["call_log"]
    assert [line["call_id"] for line in log] == list(range(59, 9, -1))


async def test_calls_of_others_are_an_admins_to_report(bank: Bank) -> None:
    await bank.add("Ann")
    call = (await bank.ask()).json["call_id"]
    other = await bank.hire("other@example.com")
    answer = await bank.report(call, other)
    assert answer.status == 403
    assert answer.json["error"] == "insufficient permissions"
    admin = await bank.hire("admin@example.com", "admin")
    assert (await bank.report(call, admin)).status == 200


@pytest.mark.parametrize("call_id", [1, "1", -5, 10**17])
async def test_an_unknown_call_is_404(bank: Bank, call_id: Any) -> None:
    assert (await bank.report(call_id)).status == 404


@pytest.mark.parametrize(
    "body",
    [
        {"call_id": None},
        {"call_id": True},
        {"call_id": "x"},
        {"call_id": 1.5},
        {"call_id": {"$gt": 0}},
        {"do_not_call": "yes"},
        {"answered": 1},
        {"comment": 5},
        {"comment": "x" * 5001},
    ],
    ids=str,
)
async def test_a_report_of_wrong_types_is_400_and_changes_nothing(bank: Bank, body: dict[str, Any]) -> None:
    await bank.add("Ann")
    call = (await bank.ask()).json["call_id"]
    answer = await bank.api.post(REPORT, {"s": bank.caller["s"], "call_id": call, **body})
    assert answer.status == 400
    assert answer.json["error_args"][0].startswith(f"{next(iter(body))}: ")
    stored = await bank.stores.database["call_log"].find_one({"call_id": call})
    assert stored is not None
    assert stored["reported"] is None


@pytest.mark.settings(rate_limit_scale=1, flux_limit_phone_bank="2/600")
async def test_a_caller_who_asks_too_often_is_slowed_down(bank: Bank) -> None:
    for name in ("Ann", "Bea", "Cleo"):
        await bank.add(name)
    assert [(await bank.ask()).status for _ in range(3)] == [200, 200, 429]
    refused = await bank.ask()
    assert 1 <= int(refused.headers["Retry-After"]) <= 600
    assert await bank.stores.database["call_log"].count_documents({}) == 2


# Races


async def settle(database: Database, number: int) -> list[ObjectId]:
    """Store so many members to call."""
    people = [
        new_person(n, f"m{n}@example.com", {"contact_number": "0400000000"}, now=float(n), ip=None)
        for n in range(1000, 1000 + number)
    ]
    await database["users"].insert_many(people)
    return [person["_id"] for person in people]


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
