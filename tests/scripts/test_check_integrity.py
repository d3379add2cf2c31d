"""Checking what is stored: each kind of damage is found, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from scripts.demo.founding import populate
from scripts.demo.life import animate
from storage.database import Database
from storage.driver import ObjectId
from storage.integrity import Integrity
from storage.stores import Stores, all_indexes, all_traces
from tests.conftest import Documents, empty, read_all, write_all
from tests.scripts.conftest import Script

Damage = Callable[[Database], Awaitable[Any]]


@pytest.fixture(scope="session")
def founded() -> Documents:
    """Remember the community, which takes a second to found."""
    return {}


@pytest.fixture
async def community(stores: Stores, founded: Documents) -> AsyncIterator[Stores]:
    if founded:
        await empty(stores.database)
        assert await write_all(stores.database, founded)
    else:
        await populate(stores)
        founded |= await read_all(stores.database)
    yield stores
    await stores.database.ensure_indexes(all_indexes())


async def find(stores: Stores) -> list[tuple[str, str, str]]:
    """Run every check."""
    integrity = Integrity(stores.database, all_indexes(), all_traces(), lag=0.1)
    found = [finding for check in integrity.checks().values() async for finding in check()]
    return [(each.check, each.place, each.detail) for each in found]


async def test_a_sound_database_is_ok(script: Script, community: Stores) -> None:
    """Without damage the answer is ok; a failed job is told, but is no finding."""
    await community.database["jobs"].insert_one({"kind": "mail", "state": "failed", "run_after": None})
    ran = await script("check_integrity")
    assert (ran.code, ran.json) == (0, {"ok": True, "findings": [], "failed_jobs": 1})
    assert "1 jobs have failed" in ran.err


async def test_damage_is_listed_with_its_poll(script: Script, community: Stores) -> None:
    """A tally that differs from its votes ends with 1 and names the poll."""
    await community.database["votes"].delete_one({"poll_id": 1, "option_id": "105"})
    ran = await script("check_integrity")
    assert (ran.code, ran.json["ok"]) == (1, False)
    assert {finding["place"] for finding in ran.json["findings"]} == {"poll 1"}
    assert any("'105'" in finding["detail"] for finding in ran.json["findings"])
    assert len(ran.json["findings"]) == 2


@pytest.mark.drops_indexes
async def test_looking_repairs_nothing(script: Script, community: Stores) -> None:
    """A missing index is found, not made."""
    await community.database["users"].drop_index("s_1")
    for _ in range(2):
        ran = await script("check_integrity")
        assert ran.code == 1
        (finding,) = ran.json["findings"]
        assert finding == {"check": "indexes", "place": "users", "detail": "no index s 1; unique"}


async def change_one(database: Database, collection: str, key: Any = None, **values: Any) -> None:
    """Change one document of a collection, any or that with a key, behind the stores' backs."""
    which = {} if key is None else {"_id": key}
    result = await database[collection].update_one(which, {"$set": values})
    assert result.modified_count == 1


async def lose_row(database: Database) -> None:
    """Take one person's address row away."""
    await database["email_addresses"].delete_one({})


async def orphan(database: Database, collection: str, **values: Any) -> None:
    """Store something that points to nobody."""
    await database[collection].insert_one({"user_id": ObjectId(), **values})


@pytest.mark.parametrize(
    ("damage", "check", "part"),
    [
        (lambda db: change_one(db, "poll_stats", total=3), "tallies", "total"),
        (lambda db: change_one(db, "poll_options", options={"100": ""}), "tallies", "the options are"),
        (lambda db: db["poll_stats"].delete_many({}), "tallies", "no tally"),
        (lambda db: change_one(db, "users", addr_state="xx"), "people", "addr_state"),
        (lambda db: change_one(db, "users", email_lower="x@y.z"), "people", "email_lower"),
        (lambda db: change_one(db, "users", s=""), "people", "secret"),
        (lambda db: change_one(db, "users", id="7"), "people", "no id"),
        (lambda db: change_one(db, "email_addresses", email="other@example.org"), "people", "its row says"),
        (lambda db: change_one(db, "email_addresses", primary=False), "people", "0 primary"),
        (lose_row, "people", "0 primary"),
        (lambda db: change_one(db, "counters", "users", seq=1), "sequences", "counter is at 1"),
        (lambda db: change_one(db, "public_stats", n_members_raw=-1), "counters", "n_members_raw is -1"),
        (lambda db: orphan(db, "auth_tokens", key="k"), "references", "no user"),
        (lambda db: orphan(db, "email_validation", validation_token="t"), "references", "no user"),
        (lambda db: orphan(db, "roles", role="r", uids=[ObjectId()]), "references", "no user"),
        (lambda db: orphan(db, "app_feedback", n_feedbacks=2, feedbacks=[]), "feedback", "n_feedbacks is 2"),
    ],
)
async def test_each_kind_of_damage_is_found(community: Stores, damage: Damage, check: str, part: str) -> None:
    """What was damaged shows under its check."""
    await community.database["public_stats"].delete_one({"id": 0})
    assert await find(community) == []
    await damage(community.database)
    assert any(name == check and part in detail for name, _, detail in await find(community))


async def test_secrets_are_not_shown(community: Stores) -> None:
    """A lost reference by secret is told without the secret."""
    await community.database["notify_queue"].insert_one({"s": "hidden" * 6, "sent": False})
    (finding,) = await find(community)
    assert finding == ("references", "notify_queue.s", "no user with this value (1 times)")


async def test_a_busy_database_is_no_damage(community: Stores) -> None:
    """Votes and sign-ups that go on during a check are not taken for damage."""
    life = asyncio.create_task(animate(community, pace=300))
    try:
        for _ in range(5):
            findings = [each for each in await find(community) if each[0] != "counters"]
            assert findings == []
    finally:
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)


async def test_a_database_that_nobody_used_is_ok(script: Script, mongo_uri: str) -> None:
    """Where nothing is, nothing is off."""
    ran = await script("check_integrity", MONGODB_DATABASE="test_never_used")
    assert (ran.code, ran.json["ok"]) == (0, True)
