"""The outbox: offsets without gap, histories within their bounds, positions that hold or do not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from storage.announcements import Announcements
from storage.changes import Change, Changes, Lost
from storage.database import Database
from storage.driver import DriverName, ObjectId, Session
from storage.errors import Departed
from storage.outbox import Message, Outbox, Posted, Retention
from storage.stores import Stores
from storage.trimming import Trimming

CHANNEL = "identity#1"


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outbox(database: Database, clock: Clock) -> Outbox:
    return Outbox(database, Retention(5, 100), clock=clock)


async def post(database: Database, outbox: Outbox, number: int = 1, channel: str = CHANNEL) -> None:
    """Post messages, each in a transaction of its own."""
    for _ in range(number):
        await database.transaction(lambda session: outbox.add(channel, {"n": 1}, session))


async def offsets(outbox: Outbox, since: int | None = None, **options: int) -> list[int]:
    """Read and return the offsets of a whole answer."""
    epoch = (await outbox.read(CHANNEL, limit=0)).epoch
    found = await outbox.read(CHANNEL, None if since is None else (epoch, since), **options)  # type: ignore[arg-type]
    assert found.whole
    return [each.offset for each in found.messages]


async def test_many_messages_of_several_channels_keep_their_order(database: Database, outbox: Outbox) -> None:
    """They go on where each channel stands; nothing at all is posted without complaint, too."""
    await post(database, outbox, 1, "b")
    messages = [Message(channel, {"n": n}) for n, channel in enumerate("abba")]
    await database.transaction(lambda session: outbox.add_all(messages, session))
    await database.transaction(lambda session: outbox.add_all([], session))
    read = {channel: await outbox.read(channel) for channel in "ab"}
    said = {name: [(m.offset, m.data) for m in found.messages] for name, found in read.items()}
    assert said == {
        "a": [(1, {"n": 0}), (2, {"n": 3})],
        "b": [(1, {"n": 1}), (2, {"n": 1}), (3, {"n": 2})],
    }
    assert {m.epoch for m in read["b"].messages} == {read["b"].epoch}


async def test_offsets_count_from_one_in_each_channel(database: Database, outbox: Outbox) -> None:
    await post(database, outbox, 2)
    await post(database, outbox, 1, "identity#2")
    await post(database, outbox, 1)
    assert await offsets(outbox) == [1, 2, 3]


async def test_an_aborted_change_posts_nothing_and_leaves_no_hole(database: Database, outbox: Outbox) -> None:
    async def fail(session: Session) -> None:
        await outbox.add(CHANNEL, {}, session)
        raise Departed

    await post(database, outbox)
    with pytest.raises(Departed):
        await database.transaction(fail)
    await post(database, outbox)
    assert await offsets(outbox) == [1, 2]


async def heard(database: Database, number: int, ready: asyncio.Event) -> list[Posted]:
    """Return the first messages that the change stream brings."""
    found: list[Posted] = []
    async with aclosing(Changes(database).follow(["outbox"])) as events:
        async for event in events:
            if isinstance(event, Lost):
                ready.set()
            elif isinstance(event, Change) and event.document is not None:
                found.append(Posted.of(event.document))
                if len(found) == number:
                    break
    return found


@pytest.fixture
async def other(mongo_uri: str, database_name: str, driver: DriverName) -> AsyncIterator[Database]:
    """Give a second connection to the same database, as another process has one."""
    database = Database.connect(mongo_uri, database_name, driver)
    yield database
    await database.close()


async def test_writers_of_two_processes_leave_no_gap_and_the_stream_keeps_their_order(
    database: Database, other: Database
) -> None:
    writers, each = 8, 5
    for side in (database, other):
        side.patience = 20
    ready = asyncio.Event()
    listening = asyncio.create_task(heard(database, writers * each, ready))
    await ready.wait()
    await asyncio.gather(
        *(
            post(side, Outbox(side, Retention()), each)
            for number in range(writers)
            for side in [(database, other)[number % 2]]
        )
    )
    found = await asyncio.wait_for(listening, 10)
    assert [message.offset for message in found] == list(range(1, writers * each + 1))
    assert len({message.epoch for message in found}) == 1


async def test_a_channel_without_messages_stands_at_nothing_and_keeps_its_epoch(
    database: Database, outbox: Outbox
) -> None:
    first, second = await asyncio.gather(outbox.read(CHANNEL), outbox.read(CHANNEL))
    assert (first.offset, first.messages, first.epoch) == (0, (), second.epoch)
    await post(database, outbox)
    assert await offsets(outbox, 0) == [1]
    assert (await outbox.read(CHANNEL)).epoch == first.epoch


async def test_parts_of_the_history(database: Database, outbox: Outbox) -> None:
    await post(database, outbox, 4)
    assert await offsets(outbox, 1) == [2, 3, 4]
    assert await offsets(outbox, 1, limit=2) == [2, 3]
    assert await offsets(outbox, 4) == []
    assert await offsets(outbox, limit=2) == [1, 2]
    assert await offsets(outbox, limit=2, reverse=True) == [4, 3]
    assert await offsets(outbox, 3, reverse=True) == [2, 1]
    assert await offsets(outbox, 1, limit=0) == []


@pytest.mark.parametrize("limit", [None, 0, 1])
async def test_a_position_older_than_what_is_kept_is_lost(
    database: Database, outbox: Outbox, limit: int | None
) -> None:
    await post(database, outbox, 7)
    epoch = (await outbox.read(CHANNEL, limit=0)).epoch
    wholes = [(await outbox.read(CHANNEL, (epoch, since), limit)).whole for since in range(9)]
    assert wholes == [False, False, True, True, True, True, True, True, False]
    assert not (await outbox.read(CHANNEL, ("another", 5), limit)).whole


async def test_the_history_ends_with_its_age(database: Database, outbox: Outbox, clock: Clock) -> None:
    await post(database, outbox, 2)
    clock.now += 60
    await post(database, outbox, 1)
    clock.now += 60
    found = await outbox.read(CHANNEL)
    assert ([each.offset for each in found.messages], found.offset) == ([3], 3)
    assert await offsets(outbox, 2) == [3]
    assert not (await outbox.read(CHANNEL, (found.epoch, 1))).whole


async def test_a_channel_made_anew_has_another_epoch_and_starts_at_one(
    database: Database, outbox: Outbox
) -> None:
    await post(database, outbox, 3)
    before = await outbox.read(CHANNEL)
    await database["channels"].delete_many({})
    await post(database, outbox, 1)
    after = await outbox.read(CHANNEL, (before.epoch, 1))
    assert (after.whole, after.offset, after.epoch == before.epoch) == (False, 1, False)
    assert await offsets(outbox) == [1]


async def test_trimming_removes_what_is_past_the_size(database: Database, outbox: Outbox) -> None:
    trimming = Trimming(outbox)
    await post(database, outbox, 12)
    rows = [row async for row in database["outbox"].find()]
    for row in rows:
        trimming.note(Change("outbox", "insert", row["_id"], row))
    await trimming.trim_due()
    assert await database["outbox"].count_documents({}) == 5
    assert await offsets(outbox) == [8, 9, 10, 11, 12]


async def test_a_deleted_person_leaves_the_offsets_but_not_what_was_said(stores: Stores) -> None:
    made = await stores.accounts.register("ann@example.com", {}, ip=None, mails=lambda _: ())
    person = made.person
    for type_ in ("password_changed", "new_login"):
        await stores.announcements.tell(person["_id"], type_)
    channel = f"identity#{person['id']}"
    before = await stores.outbox.read(channel)
    assert [set(each.data) for each in before.messages] == [{"type", "at"}] * 2
    await stores.deletion.delete(person["_id"])
    after = await stores.outbox.read(channel)
    assert [(each.offset, each.data) for each in after.messages] == [
        (1, {"deleted": True}),
        (2, {"deleted": True}),
    ]
    assert after.epoch == before.epoch


async def test_nobody_is_told_anything_after_they_left(database: Database, outbox: Outbox) -> None:
    with pytest.raises(Departed):
        await Announcements(database, outbox).tell(ObjectId(), "new_login")
    assert await database["outbox"].count_documents({}) == 0
