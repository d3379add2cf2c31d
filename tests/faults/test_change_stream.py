"""The change stream of a process breaks in every way that a real mongod can be brought to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from storage.stores import Stores
from tests.conftest import Ground
from tests.faults.checking import POLLS, UPDATES
from tests.faults.ledger import find_faults
from tests.faults.listener import Listener, listening
from tests.faults.load import OPTIONS, Town, settle
from tests.faults.members import ReplicaSet
from tests.realtime.watching import watching
from tests.serving import Served
from tests.storage.pybossa.village import Village

INSUFFICIENT, NO_SUCH_CHANNEL = 2500, 102
BIG = 5 << 20  # bytes; an event carries its key four times over, which is more than MongoDB can answer with


@pytest.fixture(scope="module")
def mongo_uri(members: ReplicaSet) -> str:
    return members.uri


@pytest.fixture(scope="module")
def ground() -> Ground:
    return Ground()


@dataclass
class Scene:
    """A server in this process with somebody who listens, whose change stream is about to break."""

    stores: Stores
    town: Town
    listener: Listener
    members: ReplicaSet
    log: pytest.LogCaptureFixture
    turns: int = 0

    async def act(self) -> None:
        """Commit a vote and a contribution."""
        member = await self.stores.accounts.by_secret(self.town.voters[0])
        assert member is not None
        self.turns += 1
        await self.stores.polls.cast(1, member.oid, OPTIONS[self.turns % 4])
        await Village(self.stores).run(self.town.task, self.town.ann)

    def fail(self, code: int, *commands: str, times: int = 1) -> None:
        """Have the next commands of the change stream fail."""
        self.members.fail(code, f"{self.stores.database.name}.$cmd.aggregate", *commands, times=times)

    async def heard(self, words: str) -> None:
        """Act on until the server has noticed, which its log says."""
        async with asyncio.timeout(20):
            while words not in self.log.text:
                await self.act()

    async def settle(self) -> None:
        """Wait until the listener has heard everything that is stored."""
        await self.listener.reach(POLLS, (await self.stores.polls.tally(1)).version)
        await self.listener.reach(UPDATES, (await self.stores.outbox.read(UPDATES, None, 0)).offset)

    async def check(self) -> None:
        """Act once more, and compare what was heard with what is stored: every message, the newest state."""
        await self.act()
        await self.settle()
        ledgers = self.listener.ledgers
        assert list(find_faults([*ledgers.values()])) == []
        assert [ledger.told for ledger in ledgers.values()] == [0, 0]
        assert ledgers[POLLS].heard[-1]["data"]["stats"] == (await self.stores.polls.tally(1)).stats


@pytest.fixture
async def scene(
    server: Served, stores: Stores, members: ReplicaSet, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Scene]:
    town = await settle(stores)
    async with listening(1, [server.socket_url], (POLLS, UPDATES)) as (listener,):
        scene = Scene(stores, town, listener, members, caplog)
        await scene.act()
        await scene.settle()
        yield scene


async def lose_history(scene: Scene) -> str:
    """Answer the next look for changes as a server whose oplog has rolled over."""
    scene.fail(286, "getMore")
    return "286; resync"


async def lose_history_for_good(scene: Scene) -> str:
    """Refuse to open the stream again, too."""
    scene.fail(286, "getMore", "aggregate", times=3)
    return "286; resync"


async def break_for_good(scene: Scene) -> str:
    """Answer with an error after which no position holds."""
    scene.fail(280, "getMore")
    return "280; resync"


async def grow(scene: Scene) -> str:
    """Store a document that no event can carry."""
    await scene.stores.database["events"].insert_one({"_id": "x" * BIG})
    return "10334; resync"


async def kill_sessions(scene: Scene) -> str:
    """End every session on the server, cursors and all."""
    assert scene.members.primary.ask({"killAllSessions": []})["ok"] == 1
    return "resync"


async def kill_cursors(scene: Scene) -> str:
    """End the change stream's own cursor, as an operator might."""
    admin, name = scene.stores.database.client.admin, scene.stores.database.name
    namespace = f"{name}.$cmd.aggregate"
    find: list[dict[str, Any]] = [
        {"$currentOp": {"allUsers": True, "idleCursors": True}},
        {"$match": {"ns": {"$in": [namespace, f"{name}.$cmd"]}, "cursor.tailable": True}},
    ]
    found = [row["cursor"]["cursorId"] async for row in await admin.aggregate(find)]
    assert found, "the change stream has no cursor"
    killed = await scene.stores.database.handle.command({"killCursors": "$cmd.aggregate", "cursors": found})
    assert killed["cursorsKilled"], killed
    return "resync"


@pytest.mark.parametrize(
    "break_", [lose_history, lose_history_for_good, break_for_good, grow, kill_cursors, kill_sessions]
)
async def test_a_broken_stream_is_told_and_mended(
    scene: Scene, break_: Callable[[Scene], Awaitable[str]]
) -> None:
    await scene.heard(await break_(scene))
    await scene.listener.until(lambda each: INSUFFICIENT in each.ends, "word that something may be missing")
    await scene.check()
    assert scene.listener.ledgers[UPDATES].recovered
    assert scene.listener.closes == []


async def test_an_sdk_subscribes_anew_and_misses_nothing(server: Served, scene: Scene) -> None:
    async with watching(server.socket_url, "", UPDATES) as watcher:
        scene.fail(286, "getMore")
        await scene.heard("286; resync")
        await scene.check()
        top = scene.listener.ledgers[UPDATES].offset
        await watcher.until(lambda each: each.offsets[-1:] == [top])
    assert watcher.offsets == list(range(watcher.offsets[0], top + 1))
    assert INSUFFICIENT in watcher.codes
    assert watcher.subscribed[-1].recovered


@pytest.mark.drops_indexes
async def test_a_dropped_database_is_told_to_everybody(scene: Scene) -> None:
    """Its streams begin anew in another epoch, which is no recovery; its polls are no more."""
    database = scene.stores.database
    await database.client.drop_database(database.name)
    ledger = scene.listener.ledgers[UPDATES]
    await scene.listener.until(lambda _: ledger.told == 1, "word that everything is lost")
    await scene.listener.until(lambda each: NO_SUCH_CHANNEL in each.ends, "word that the poll is gone")
    await database.transaction(lambda session: scene.stores.outbox.add(UPDATES, {"new": 1}, session))
    await scene.listener.until(lambda _: ledger.heard[-1]["data"] == {"new": 1}, "the first new message")
    assert INSUFFICIENT in scene.listener.ends
    assert "was the database dropped?" in scene.log.text or "resync" in scene.log.text
