"""Fixtures of the whole suite: one mongod a run, an empty database, a running server a test.

pytest-tornasync is unmaintained: its loop fixture uses deprecated calls and it does not await async
fixtures, so both are done here.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tornado.ioloop import IOLoop

from settings import Settings
from storage import embedded
from storage.database import Database
from storage.driver import DriverName, settled
from storage.stores import Stores, all_indexes
from tests.serving import Api, Served, ServerProcess, serve_here

# The other driver is reached through the stores alone: their tests and some of a dialect over them will do.
DRIVEN = {"storage", "test_five_hundred.py", "test_polls.py", "test_races.py", "test_deletion_races.py"}
NOT_DRIVEN = ("test_embedded", "test_fields", "across_processes", "test_schemas", "test_plans")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs on both drivers."""
    for item in items:
        folders = set(item.path.relative_to(Path(__file__).parent).parts)
        if DRIVEN & folders and not any(part in item.path.name for part in NOT_DRIVEN):
            item.add_marker("driver")


@pytest.fixture(autouse=True)
def io_loop() -> Iterator[IOLoop]:
    """Give each test a fresh event loop."""
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        asyncio.set_event_loop(loop)
        yield IOLoop(asyncio_loop=loop, make_current=False)
        asyncio.set_event_loop(None)


def awaited(function: Callable[..., Any], loop: IOLoop) -> Callable[..., Any]:
    """Turn an async fixture into one that pytest can run."""
    if not inspect.isasyncgenfunction(function):
        return lambda *args, **kwargs: loop.run_sync(lambda: function(*args, **kwargs))

    def run(*args: Any, **kwargs: Any) -> Iterator[Any]:
        steps = function(*args, **kwargs)
        yield loop.run_sync(lambda: anext(steps))
        loop.run_sync(lambda: anext(steps, None))

    return run


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: Any, request: Any) -> Any:
    """Let fixtures be async."""
    function = fixturedef.func
    if inspect.isasyncgenfunction(function) or inspect.iscoroutinefunction(function):
        fixturedef.func = awaited(function, request.getfixturevalue("io_loop"))
    try:
        return (yield)
    finally:
        fixturedef.func = function


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: Any) -> Any:
    """Let Hypothesis drive async tests."""
    hypothesis = getattr(pyfuncitem.obj, "hypothesis", None)
    if hypothesis is not None and inspect.iscoroutinefunction(hypothesis.inner_test):
        loop, inner = pyfuncitem.funcargs["io_loop"], hypothesis.inner_test
        hypothesis.inner_test = lambda *args, **kwargs: loop.run_sync(lambda: inner(*args, **kwargs))
    return (yield)


@pytest.fixture(scope="session")
def mongo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Name the folder of the run's mongod; parallel workers share one."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "mongo"


@pytest.fixture(scope="session")
def mongo_uri(mongo_folder: Path) -> Iterator[str]:
    """Share one real mongod over the run."""
    with embedded.join(mongo_folder) as lease:
        yield lease.uri


@pytest.fixture(scope="session")
def driver() -> DriverName:
    """Name the driver under test: MONGODB_DRIVER, else the default one."""
    return "motor" if os.environ.get("MONGODB_DRIVER") == "motor" else "pymongo"


@pytest.fixture(scope="session")
def database_name() -> str:
    """Name the database of this pytest process; its indexes are made once and its documents deleted."""
    return f"test_{os.getpid()}_{secrets.token_hex(3)}"


Documents = dict[str, list[dict[str, Any]]]


class Ground:
    """What every test begins with: made once by the product, laid again from memory before each test."""

    def __init__(self) -> None:
        self.indexed = False
        self._first: Documents = {}

    async def lay_indexes(self, database: Database) -> None:
        """Make the indexes, unless they are there."""
        if not self.indexed:
            await database.ensure_indexes(all_indexes())
        self.indexed = True

    async def lay_documents(self, stores: Stores) -> None:
        """Put in what a start puts into an empty database."""
        if self._first:
            if not await write_all(stores.database, self._first):
                # A process of the test before was still starting when that one ended.
                await empty(stores.database)
                assert await write_all(stores.database, self._first)
            return
        await stores.prepare()
        self._first = await read_all(stores.database)


async def read_all(database: Database) -> Documents:
    """Read everything that is stored."""
    names = await database.handle.list_collection_names()
    return {name: rows for name in names if (rows := await database[name].find({}).to_list(None))}


async def write_all(database: Database, documents: Documents) -> bool:
    """Store documents; tell whether none of them was there."""
    inserts = (database[name].insert_many(rows) for name, rows in documents.items())
    done = await asyncio.gather(*inserts, return_exceptions=True)
    return not any(isinstance(each, BaseException) for each in done)


@pytest.fixture(scope="session")
def ground() -> Ground:
    """Remember what a start makes, for the whole run."""
    return Ground()


@pytest.fixture
async def database(
    request: pytest.FixtureRequest, mongo_uri: str, database_name: str, driver: DriverName, ground: Ground
) -> AsyncIterator[Database]:
    """Give an empty database with every index; `@pytest.mark.drops_indexes` has them made anew afterwards."""
    database = Database.connect(mongo_uri, database_name, driver)
    await ground.lay_indexes(database)
    yield database
    await empty(database)
    await database.close()
    if request.node.get_closest_marker("drops_indexes"):
        ground.indexed = False


async def empty(database: Database) -> None:
    """Delete every document; a transaction that a killed process left open may be in the way for a while."""
    names = sorted(await database.handle.list_collection_names())
    filled = [name for some in batched(names, 50) for name in await find_filled(database, some)]
    await asyncio.gather(*(database[name].delete_many({}) for name in filled))


async def find_filled(database: Database, names: Sequence[str]) -> list[str]:
    """Name the collections that hold something: most don't, and a command for each would take its time."""

    def look(name: str) -> list[dict[str, Any]]:
        return [{"$limit": 1}, {"$project": {"_id": 0, "name": {"$literal": name}}}]

    first, *others = names
    unions = [{"$unionWith": {"coll": name, "pipeline": look(name)}} for name in others]
    # Counters of rate limits are written lightly: what the majority has would be too little.
    rows = await settled(database.light(first).aggregate([*look(first), *unions]))
    return [row["name"] async for row in rows]


def batched(names: Sequence[str], number: int) -> Iterator[Sequence[str]]:
    """Cut into portions, as one pipeline takes a bounded number of stages."""
    for begin in range(0, len(names), number):
        yield names[begin : begin + number]


@pytest.fixture
async def stores(database: Database, ground: Ground) -> Stores:
    """Give the stores over the empty database, prepared as at a start."""
    stores = Stores.over(database)
    await ground.lay_documents(stores)
    return stores


@pytest.fixture
def settings(
    request: pytest.FixtureRequest, mongo_uri: str, database_name: str, driver: DriverName, tmp_path: Path
) -> Settings:
    """Give the settings of a test; `@pytest.mark.settings(name=value)` changes some."""
    values: dict[str, Any] = {
        "mongodb_uri": mongo_uri,
        "mongodb_database": database_name,
        "mongodb_driver": driver,
        "data_dir": tmp_path,
        "secret_key": "a key for tests only, 32 bytes or more",
        "email_url": f"file:{tmp_path / 'mails'}",
        "bcrypt_rounds": 4,
        "rate_limit_scale": 1000,
        "conflation_ms": 10,
    }
    for mark in reversed(list(request.node.iter_markers("settings"))):
        values |= mark.kwargs
    return Settings(_env_file=None, **values)


@pytest.fixture
async def server(settings: Settings, stores: Stores) -> AsyncIterator[Served]:
    """Run the server in this process: real HTTP, real sockets, the real database."""
    async with serve_here(settings, stores) as served:
        yield served


@pytest.fixture
def api(server: Served) -> Api:
    """Give a client of the running server."""
    return server.api


@pytest.fixture
def launch(settings: Settings, stores: Stores, tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Start servers as processes of their own, over the test's database; all are ended afterwards."""
    started: list[ServerProcess] = []

    def start(*flags: str, **environment: str) -> ServerProcess:
        process = ServerProcess.start(settings, tmp_path / f"log{len(started)}", flags, environment)
        started.append(process)
        return process

    yield start
    for process in started:
        process.end()


@pytest.fixture(autouse=True)
def quiet_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test that logs an error which it did not expect (`caplog.clear()` says that it did)."""
    yield
    errors = [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
    assert not errors, f"unexpected errors in the log: {errors}"
