"""For every channel, what a subscriber was told is what a fresh read finds, whatever happened meanwhile.

In continuous integration the lives are few and always the same. `ORACLE_EXAMPLES=500 pytest
tests/realtime/test_oracle.py` plays so many random ones, each new.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as effort
from hypothesis.stateful import run_state_machine_as_test
from tornado.ioloop import IOLoop

from settings import Settings
from storage.database import Database
from storage.driver import DriverName
from storage.outbox import Retention
from storage.stores import Stores
from tests.realtime.oracle.community import TYPES
from tests.realtime.oracle.ledger import Body, Contradiction, StreamLedger
from tests.realtime.oracle.listener import Tamper, tell_truth
from tests.realtime.oracle.machine import make_machine
from tests.realtime.oracle.theatre import House, Theatre
from tests.serving import ServerProcess

KEPT = 20  # messages of a history: few, so that some can't be recovered
EXAMPLES = int(os.environ.get("ORACLE_EXAMPLES", "0"))
EFFORT = effort(
    max_examples=EXAMPLES or 3,
    stateful_step_count=50,
    deadline=None,
    derandomize=not EXAMPLES,
    database=None,
    phases=(Phase.generate,),  # two lives are never quite the same: there is nothing to shrink
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)


@pytest.fixture(scope="module")
def stage(
    mongo_uri: str, driver: DriverName, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Settings, list[ServerProcess]]]:
    """Run two servers over one database of their own."""
    folder: Path = tmp_path_factory.mktemp("oracle")
    settings = Settings(
        _env_file=None,
        mongodb_uri=mongo_uri,
        mongodb_database=f"oracle_{secrets.token_hex(4)}",
        mongodb_driver=driver,
        data_dir=folder,
        secret_key="a key for tests only, 32 bytes or more",
        email_url=f"file:{folder / 'mails'}",
        base_url="https://folk.example",
        bcrypt_rounds=4,
        rate_limit_scale=1000,
        conflation_ms=10,
        history_size=KEPT,
    )
    with ExitStack() as stack:
        stack.callback(lambda: asyncio.run(drop(settings)))
        servers = []
        for number in range(2):
            servers.append(ServerProcess.start(settings, folder / f"log{number}", (), {}))
            stack.callback(servers[-1].end)
        yield settings, servers
        for server in servers:
            assert server.stop() == 0
            log = server.log.read_text()
            assert "Traceback" not in log, log


async def drop(settings: Settings) -> None:
    """Drop the database of the two servers."""
    assert settings.mongodb_uri is not None
    uri = settings.mongodb_uri.get_secret_value()
    database = Database.connect(uri, settings.mongodb_database, settings.mongodb_driver)
    await database.handle.command("dropDatabase")
    await database.close()


@pytest.fixture
async def house(stage: tuple[Settings, list[ServerProcess]]) -> AsyncIterator[House]:
    """Open the stores below the servers on the test's loop."""
    settings, servers = stage
    assert settings.mongodb_uri is not None
    uri = settings.mongodb_uri.get_secret_value()
    database = Database.connect(uri, settings.mongodb_database, settings.mongodb_driver)
    stores = Stores.over(database, Retention(settings.history_size, settings.history_ttl))
    yield House([each.url for each in servers], [each.socket_url for each in servers], stores, KEPT)
    await database.close()


def play(house: House, io_loop: IOLoop, how: effort) -> None:
    """Play random lives; the first contradiction of all is the one that is raised."""
    machine = make_machine(io_loop.asyncio_loop, lambda: Theatre(house))  # type: ignore[attr-defined]
    try:
        run_state_machine_as_test(machine, settings=how)
    except Exception as error:
        if machine.found and error is not machine.found[0]:
            raise machine.found[0] from error
        raise


@pytest.mark.timeout(0 if EXAMPLES else 300)
def test_snapshot_and_messages_are_a_fresh_read(house: House, io_loop: IOLoop) -> None:
    """Random lives: several things at once, on two processes, while listeners come, drop and return."""
    play(house, io_loop, EFFORT)


# Whether it would notice


def test_random_lives_find_a_server_that_forgets(
    house: House, io_loop: IOLoop, stage: tuple[Settings, list[ServerProcess]], tmp_path: Path
) -> None:
    program = {"PROGRAM": "tests/realtime/forgetful_server.py"}
    server = ServerProcess.start(stage[0], tmp_path / "log", (), program)
    there = replace(house, urls=[server.url], sockets=[server.socket_url] * 2, patience=1.0)
    try:
        with pytest.raises(Contradiction):
            play(there, io_loop, effort(EFFORT, max_examples=1, stateful_step_count=20, derandomize=True))
    finally:
        server.end()


class Liar:
    """Shows the pushes of one channel otherwise than they came: `lie` gets each and says what is shown."""

    def __init__(self, channel: str, lie: Callable[[Body], Sequence[Body]]) -> None:
        self.channel = channel
        self.lie = lie
        self.lied = False

    def __call__(self, pushes: Sequence[Body]) -> Sequence[Body]:
        """Lie once, the first time that there is something to lie about."""
        shown: list[Body] = []
        for push in pushes:
            about = not self.lied and push["channel"].startswith(self.channel) and "pub" in push
            self.lied = self.lied or about
            shown += self.lie(push) if about else [push]
        return shown


def lose(push: Body) -> Sequence[Body]:
    return []


def repeat(push: Body) -> Sequence[Body]:
    return [push, push]


def miscount(push: Body) -> Sequence[Body]:
    pub = push["pub"]
    stats = {option: count + 1 for option, count in pub["data"]["stats"].items()}
    data = {**pub["data"], "stats": stats, "total": sum(stats.values())}
    return [{**push, "pub": {**pub, "data": data}}]


def misquote(push: Body) -> Sequence[Body]:
    return [{**push, "pub": {**push["pub"], "data": {**push["pub"]["data"], "change": "deleted"}}}]


async def live_and_look(theatre: Theatre) -> None:
    """Let something be said on every channel; then look."""
    known = theatre.community
    person, event = known.people[-1], known.events[0]
    for place, seat in enumerate(theatre.seats):
        for which in range(len(seat.channels)):
            await theatre.subscribe(place, which, recover=True)
    await known.vote(person, known.polls[0], "tea")
    await known.attend(person, event, TYPES[0], by_organizer=False)
    await known.bring_out(list(known.releases))
    await known.start_project(person)
    await known.sign_in(known.people[0])
    await theatre.look()


@asynccontextmanager
async def playing(house: House, tamper: Tamper) -> AsyncIterator[Theatre]:
    """Open a theatre; an audience that does not wait long for what it lacks."""
    theatre = Theatre(replace(house, patience=1.0), tamper)
    try:
        await theatre.open()
        yield theatre
    finally:
        await theatre.close()


@pytest.mark.parametrize(
    ("channel", "lie"),
    [
        ("feed:updates", lose),
        ("comics:", repeat),
        ("events:", lose),
        ("polls:", repeat),
        ("polls:", miscount),
        ("attendance:", misquote),
    ],
)
async def test_one_push_that_is_lost_repeated_or_changed_is_a_contradiction(
    house: House, channel: str, lie: Callable[[Body], Sequence[Body]]
) -> None:
    liar = Liar(channel, lie)
    async with playing(house, liar) as theatre:
        with pytest.raises(Contradiction):
            await live_and_look(theatre)
    assert liar.lied


async def test_the_truth_is_none_and_who_missed_too_much_is_told_so(house: House) -> None:
    async with playing(house, tell_truth) as theatre:
        await live_and_look(theatre)
        listener = theatre.seats[1].listener
        ledger = listener.ledgers["comics:releases"]
        assert isinstance(ledger, StreamLedger)
        before = ledger.offset
        await theatre.drop(1)
        for _ in range(KEPT):
            await theatre.community.bring_out(list(theatre.community.releases))
        await theatre.look()
        assert (ledger.offset, ledger.first) == (before + 2 * KEPT, before + 2 * KEPT + 1)
