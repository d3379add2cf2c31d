"""Fixtures of the whole suite: one mongod a run, an empty database, a running server a test.

pytest-tornasync is unmaintained: its loop fixture uses deprecated calls and it does not await async
fixtures, so both are done here.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tornado.ioloop import IOLoop

from storage import embedded
from storage.database import Database
from storage.stores import Stores, all_indexes


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


@pytest.fixture
def driver() -> Any:
    """Name the driver under test."""
    return os.environ.get("MONGODB_DRIVER", "pymongo")


@pytest.fixture
async def database(mongo_uri: str, driver: Any) -> AsyncIterator[Database]:
    """Give an empty database of its own, with every index, dropped afterwards."""
    database = Database.connect(mongo_uri, f"test_{secrets.token_hex(6)}", driver)
    await database.ensure_indexes(all_indexes())
    yield database
    await database.client.drop_database(database.name)
    await database.close()


@pytest.fixture
async def stores(database: Database) -> Stores:
    """Give the stores over the empty database, prepared as at a start."""
    stores = Stores.over(database)
    await stores.prepare()
    return stores
