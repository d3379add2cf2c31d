"""Calls that meet: one address, one member, one role, one window; each with its protection switched off."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

import pytest

from storage.database import Database
from storage.driver import ObjectId, Session
from storage.errors import Exhausted
from storage.roles import FLUX_ROLES
from storage.stores import Stores, all_indexes
from storage.throttle import Call
from tests.flux.mailbox import Mailbox
from tests.serving import Api, ServerProcess

T = TypeVar("T")
REGISTER, DETAILS = "/api/v0/register/initial_email", "/api/v0/user_details"
SPELLINGS = ("ann@example.com", "Ann@example.com", "ANN@EXAMPLE.COM", " ann@Example.com ")
FLAGS = (
    "volunteer",
    "supervol",
    "volhtv",
    "vol_organise",
    "smsOptOut",
    "do_not_call",
    "other_party_membership",
)
OPTIONS = [str(number) for number in range(100, 108)]


@asynccontextmanager
async def without_indexes(database: Database, *names: tuple[str, str]) -> AsyncIterator[None]:
    """Take unique indexes away for a while; the collections are emptied before they come back."""
    for collection, name in names:
        await database[collection].drop_index(name)
    try:
        yield
    finally:
        for collection, _ in names:
            await database[collection].delete_many({})
        await database.ensure_indexes(all_indexes())


@pytest.fixture
async def processes(stores: Stores, mongo_uri: str, database_name: str) -> AsyncIterator[list[Stores]]:
    """Give stores as six processes would have them: each over a client of its own."""
    async with AsyncExitStack() as stack:
        databases = [Database.connect(mongo_uri, database_name) for _ in range(6)]
        for database in databases:
            stack.push_async_callback(database.close)
        # A connection that has to be opened first would come too late for any race.
        await asyncio.gather(*(database.ping() for database in databases for _ in range(8)))
        yield [Stores.over(database) for database in databases]


async def statuses(calls: Iterable[Awaitable[Any]]) -> Counter[int]:
    """Make calls at once; count their statuses."""
    return Counter(answer.status for answer in await asyncio.gather(*calls))


# One address


async def register_at_once(apis: Iterable[Api]) -> Counter[int]:
    """Register one address in different spellings, sixteen times through each server."""
    return await statuses(
        api.post(REGISTER, {"email": SPELLINGS[number % 4]}) for number in range(16) for api in apis
    )


async def test_one_of_many_registrations_of_an_address_succeeds(
    api: Api, database: Database, mailbox: Mailbox
) -> None:
    assert await register_at_once([api]) == {200: 1, 409: 15}
    for name in ("users", "email_addresses", "email_validation", "notify_queue"):
        assert await database[name].count_documents({}) == 1
    assert len(await mailbox.open()) == 1


async def test_one_succeeds_also_over_two_processes(
    api: Api, database: Database, launch: Callable[..., ServerProcess]
) -> None:
    other = Api(launch().url)
    assert await register_at_once([api, other]) == {200: 1, 409: 31}
    other.close()
    assert await database["users"].count_documents({}) == 1


async def test_without_the_unique_indexes_several_registrations_succeed(api: Api, database: Database) -> None:
    unique = ("email_addresses", "email_lower_1"), ("users", "email_lower_1")
    async with without_indexes(database, *unique):
        assert (await register_at_once([api]))[200] > 1


async def take_at_once(api: Api) -> Counter[int]:
    """Let eight members take one new address."""
    secrets = [(await api.register(f"m{number}@example.com"))["s"] for number in range(8)]
    return await statuses(
        api.post(DETAILS, {"s": secret, "email": SPELLINGS[number % 4]})
        for number, secret in enumerate(secrets)
    )


async def test_one_of_many_members_gets_a_new_address(api: Api, database: Database) -> None:
    assert await take_at_once(api) == {200: 1, 409: 7}
    assert await database["email_addresses"].count_documents({"email_lower": "ann@example.com"}) == 1
    assert await database["email_addresses"].count_documents({"primary": True}) == 8


async def test_without_the_unique_indexes_several_members_get_it(api: Api, database: Database) -> None:
    unique = ("email_addresses", "email_lower_1"), ("users", "email_lower_1")
    async with without_indexes(database, *unique):
        assert (await take_at_once(api))[200] > 1


async def test_a_registration_and_a_change_of_address_exclude_each_other(
    api: Api, database: Database
) -> None:
    secrets = [(await api.register(f"m{number}@example.com"))["s"] for number in range(6)]
    changes = (api.post(DETAILS, {"s": secret, "email": "ann@example.com"}) for secret in secrets)
    news = (api.post(REGISTER, {"email": "Ann@example.com"}) for _ in range(6))
    assert await statuses([*changes, *news]) == {200: 1, 409: 11}
    assert await database["users"].count_documents({"email_lower": "ann@example.com"}) == 1


# One member


async def test_parallel_changes_of_a_member_all_arrive(api: Api) -> None:
    secret = (await api.register("ann@example.com"))["s"]
    changes = (api.post(DETAILS, {"s": secret, flag: True}) for flag in FLAGS)
    assert await statuses(changes) == {200: len(FLAGS)}
    own = (await api.post(DETAILS, {"s": secret})).json
    assert all(own[flag] for flag in FLAGS)


async def test_parallel_new_addresses_of_a_member_leave_one(api: Api, database: Database) -> None:
    secret = (await api.register("ann@example.com"))["s"]
    changes = (api.post(DETAILS, {"s": secret, "email": f"new{number}@example.com"}) for number in range(6))
    assert await statuses(changes) == {200: 6}
    own = (await api.post(DETAILS, {"s": secret})).json
    [row] = await database["email_addresses"].find({}).to_list(None)
    assert (row["email"], row["primary"]) == (own["email"], True)
    [proof] = await database["email_validation"].find({}).to_list(None)
    assert proof["email_id"] == row["id"]


async def test_parallel_proofs_of_an_address_all_hold(api: Api, database: Database) -> None:
    await api.register("ann@example.com")
    proof = await database["email_validation"].find_one({})
    assert proof is not None
    path = f"/api/v0/validate_email/{proof['validation_token']}"
    assert await statuses(api.get(path) for _ in range(10)) == {200: 10}


async def make_people(database: Database, count: int) -> list[ObjectId]:
    """Store people; return their keys."""
    people = [ObjectId() for _ in range(count)]
    rows = [{"_id": person, "s": str(person), "id": number} for number, person in enumerate(people)]
    await database["users"].insert_many(rows)
    return people


async def vote_first_at_once(processes: list[Stores]) -> tuple[int, int]:
    """Let each process cast the first votes of five members; return stored votes and the tally's total."""
    database = processes[0].database
    voters = await make_people(database, 5)
    for voter in voters:
        await asyncio.gather(
            *(stores.polls.cast(1, voter, option) for stores, option in zip(processes, OPTIONS, strict=False))
        )
    return await database["votes"].count_documents({}), (await processes[0].polls.tally(1)).total


async def test_first_votes_of_a_member_in_many_processes_are_one_vote(processes: list[Stores]) -> None:
    assert await vote_first_at_once(processes) == (5, 5)


async def test_without_index_and_transaction_they_count_several_times(
    processes: list[Stores], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run_bare(self: Database, work: Callable[[Session | None], Awaitable[T]]) -> T:
        return await work(None)

    monkeypatch.setattr(Database, "transaction", run_bare)
    database = processes[0].database
    async with without_indexes(database, ("votes", "poll_id_1_user_id_1")):
        assert (await vote_first_at_once(processes))[1] > 5


async def test_first_votes_of_a_member_at_once_are_one_vote(api: Api, database: Database) -> None:
    secret = (await api.register("ann@example.com"))["s"]
    votes = (
        api.post("/api/v0/iiccot/cast_vote", {"s": secret, "poll_id": 1, "option_id": option})
        for option in OPTIONS
    )
    assert await statuses(votes) == {200: 8}
    tally = (await api.get("/api/v0/iiccot/getinfo")).json
    [row] = await database["votes"].find({}).to_list(None)
    assert tally["total"] == 1
    assert tally["stats"] == {**dict.fromkeys(OPTIONS, 0), row["option_id"]: 1}


# One role


async def give_at_once(processes: list[Stores]) -> tuple[int, int]:
    """Give roles that have no document yet to twelve people at once; return documents and gifts."""
    database = processes[0].database
    people = await make_people(database, 12)
    for role in FLUX_ROLES[:3]:
        gifts = (processes[number % 6].roles.give(role, person) for number, person in enumerate(people))
        await asyncio.gather(*gifts)
    rows = await database["roles"].find({}).to_list(None)
    return len(rows), len({(row["role"], person) for row in rows for person in row["uids"]})


async def test_everybody_who_is_given_a_new_role_at_once_has_it(processes: list[Stores]) -> None:
    assert await give_at_once(processes) == (3, 36)


async def test_without_its_unique_index_a_role_gets_several_documents(processes: list[Stores]) -> None:
    async with without_indexes(processes[0].database, ("roles", "role_1")):
        assert (await give_at_once(processes))[0] > 3


async def test_two_admins_giving_at_once_both_count(api: Api, stores: Stores) -> None:
    admins = [await api.register(f"admin{number}@example.com") for number in range(2)]
    for admin in admins:
        await stores.roles.give("admin", ObjectId(admin["_id"]["$oid"]))
    for number in range(8):
        await api.register(f"m{number}@example.com")
    gifts = (
        api.post(
            "/api/v0/give_role", {"s": admin["s"], "role": "organiser", "email": f"m{number}@example.com"}
        )
        for number in range(8)
        for admin in admins
    )
    assert await statuses(gifts) == {200: 16}
    [row] = await stores.database["roles"].find({"role": "organiser"}).to_list(None)
    assert len(row["uids"]) == len(set(row["uids"])) == 8


# One window


async def test_a_window_holds_exactly_over_all_processes(processes: list[Stores]) -> None:
    call = Call("TEST", "key", 10, 100)

    async def count(stores: Stores) -> bool:
        try:
            await stores.throttle.count(call)
        except Exhausted as error:
            return not 1 <= error.retry_after <= 100
        return True

    passed = await asyncio.gather(*(count(processes[number % 6]) for number in range(48)))
    assert sum(passed) == 10


@pytest.mark.settings(rate_limit_scale=1, flux_limit_register_ip="3/100")
async def test_parallel_calls_get_no_more_than_the_window_holds(api: Api, database: Database) -> None:
    calls = (api.post(REGISTER, {"email": f"m{number}@example.com"}) for number in range(12))
    assert await statuses(calls) == {200: 3, 429: 9}
    assert await database["users"].count_documents({}) == 3
