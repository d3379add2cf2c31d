"""The change stream: every committed change in order, and word when the thread is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest
from pymongo.errors import AutoReconnect, OperationFailure

from storage.changes import Change, Changes, Lost, Next, diagnose
from storage.database import Database


@pytest.mark.parametrize(
    ("error", "after"),
    [
        (OperationFailure("history lost", 286), Next.RESYNC),
        (OperationFailure("fatal", 280), Next.RESYNC),
        (OperationFailure("too large", 10334), Next.RESYNC),
        (OperationFailure("token of another server", 50811), Next.RESYNC),
        (OperationFailure("not the primary any more", 10107), Next.RESUME),
        (AutoReconnect("gone"), Next.RESUME),
    ],
)
def test_only_a_position_that_no_longer_holds_is_given_up(error: Exception, after: Next) -> None:
    assert diagnose(error) is after


class Reader:
    """Reads a stream in the background."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[Change | Lost] = asyncio.Queue()

    async def next(self) -> Change | Lost:
        """Wait for the next event."""
        return await asyncio.wait_for(self.events.get(), 10)


@asynccontextmanager
async def following(changes: Changes, *collections: str) -> AsyncIterator[Reader]:
    """Follow collections while the block runs."""
    reader = Reader()

    async def read() -> None:
        async with aclosing(changes.follow(collections)) as events:
            async for event in events:
                await reader.events.put(event)

    task = asyncio.create_task(read())
    yield reader
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_it_begins_with_lost_and_goes_on_with_every_change(database: Database) -> None:
    async with following(Changes(database), "votes", "poll_stats") as reader:
        assert isinstance(await reader.next(), Lost)
        made = await database["votes"].insert_one({"poll_id": 5, "user_id": 1})
        await database["streets"].insert_one({"not": "followed"})
        await database["votes"].update_one({"_id": made.inserted_id}, {"$set": {"option_id": "a"}})
        await database["votes"].delete_one({"_id": made.inserted_id})
        heard = [await reader.next() for _ in range(3)]
    operations = [event.operation for event in heard if isinstance(event, Change)]
    assert operations == ["insert", "update", "delete"]
    assert all(isinstance(event, Change) and event.id == made.inserted_id for event in heard)


async def test_the_contents_of_people_stay_in_the_database(database: Database) -> None:
    """All but the number that others know them by."""
    async with following(Changes(database), "users") as reader:
        await reader.next()
        await database["users"].insert_one({"s": "secret", "id": 1, "password": "hash"})
        event = await reader.next()
    assert isinstance(event, Change)
    assert event.document == {"id": 1}
    assert event.at is not None


async def test_updates_of_people_are_told_only_where_somebody_counts_them(database: Database) -> None:
    async with following(Changes(database), "users") as reader:
        await reader.next()
        made = await database["users"].insert_one({"s": "secret", "id": 1, "volunteer": False})
        one = {"_id": made.inserted_id}
        await database["users"].update_one(one, {"$set": {"phone_bank.last_call": 1, "auth.held": 2}})
        await database["users"].update_one(one, {"$set": {"volunteer": True}})
        await database["users"].update_one(one, {"$unset": {"volunteer": ""}})
        await database["users"].update_one(one, {"$set": {"klub.grants": [{"role": "staff"}]}})
        await database["users"].update_one(one, {"$set": {"klub.nickname": "evie"}})
        await database["users"].update_one(one, {"$set": {"klub.grants": []}})
        await database["users"].delete_one(one)
        heard = [await reader.next() for _ in range(6)]
    operations = [event.operation for event in heard if isinstance(event, Change)]
    assert operations == ["insert", *["update"] * 4, "delete"]


async def test_a_second_follower_goes_on_after_the_last_change(database: Database) -> None:
    changes = Changes(database)
    async with following(changes, "votes") as reader:
        await reader.next()
        await database["votes"].insert_one({"poll_id": 1, "user_id": 1})
        await reader.next()
    await database["votes"].insert_one({"poll_id": 2, "user_id": 1})
    async with following(changes, "votes") as reader:
        event = await reader.next()
    assert isinstance(event, Change)
    assert event.document is not None
    assert event.document["poll_id"] == 2


async def test_a_position_that_is_lost_is_said(database: Database) -> None:
    changes = Changes(database, pause=0.01)
    async with following(changes, "votes") as reader:
        await reader.next()
        changes._token = {"_data": "82" + "00" * 20}  # nothing resumes from here
    async with following(changes, "votes") as reader:
        assert isinstance(await reader.next(), Lost)
        await database["votes"].insert_one({"poll_id": 3, "user_id": 1})
        assert isinstance(await reader.next(), Change)
