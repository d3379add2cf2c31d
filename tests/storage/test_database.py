"""Transactions that end, indexes that exist, a ping that does not hang."""

from __future__ import annotations

import asyncio

import pytest

from storage.database import Database, Restart, index
from storage.driver import Session, settled
from storage.errors import Busy
from storage.stores import all_indexes


async def test_a_transaction_is_all_or_nothing(database: Database) -> None:
    async def work(session: Session) -> None:
        await database["log"].insert_one({"action": "a"}, session=session)
        raise ValueError("changed my mind")

    with pytest.raises(ValueError, match="changed my mind"):
        await database.transaction(work)
    assert await database["log"].count_documents({}) == 0


async def test_a_transaction_that_lost_a_race_runs_again(database: Database) -> None:
    tries = 0

    async def work(session: Session) -> int:
        nonlocal tries
        tries += 1
        await database["log"].insert_one({"try": tries}, session=session)
        if tries < 3:
            raise Restart
        return tries

    assert await database.transaction(work) == 3
    assert await database["log"].count_documents({}) == 1
    assert database.restarts == 2


async def test_concurrent_increments_are_all_counted(database: Database) -> None:
    async def work(session: Session) -> None:
        row = await database["log"].find_one({"_id": "n"}, session=session) or {"value": 0}
        await database["log"].update_one(
            {"_id": "n"}, {"$set": {"value": row["value"] + 1}}, upsert=True, session=session
        )

    database.patience = 30
    await asyncio.gather(*(database.transaction(work) for _ in range(10)))
    row = await database["log"].find_one({"_id": "n"})
    assert row is not None
    assert row["value"] == 10


async def test_a_document_that_stays_locked_ends_in_busy(database: Database) -> None:
    database.patience = 0.1
    await database["log"].insert_one({"_id": "n"})

    async def blocked(session: Session) -> None:
        await database["log"].update_one({"_id": "n"}, {"$inc": {"value": 1}}, session=session)

    async def holding(session: Session) -> None:
        await blocked(session)
        with pytest.raises(Busy) as refused:
            await database.transaction(blocked)
        assert refused.value.retry_after >= 1

    await database.transaction(holding)


async def test_every_declared_index_exists(database: Database) -> None:
    for declared in all_indexes():
        found = await settled(database[declared.collection].list_indexes())
        keys = [tuple(row["key"].items()) for row in await found.to_list(None)]
        assert declared.keys in keys, declared


def test_an_index_is_declared_by_field_names() -> None:
    declared = index("votes", "poll_id", "-timestamp", unique=True)
    assert declared.keys == (("poll_id", 1), ("timestamp", -1))
    assert declared.unique


async def test_ping_tells_that_the_database_answers(database: Database) -> None:
    assert await database.ping()
