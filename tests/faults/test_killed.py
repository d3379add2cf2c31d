"""A mongod or a server is killed under load, and comes back or does not."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage import embedded
from storage.stores import Stores
from tests.conftest import Ground
from tests.faults.checking import CHANNELS, check
from tests.faults.listener import listening
from tests.faults.load import loading, settle
from tests.serving import Api, ServerProcess

Launch = Callable[..., ServerProcess]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Name the DATA_DIR of servers with a mongod of their own."""
    return tmp_path_factory.mktemp("own")


@pytest.fixture(scope="module")
def mongo_uri(folder: Path) -> Iterator[str]:
    with embedded.join(folder) as lease:
        yield lease.uri


@pytest.fixture(scope="module")
def ground() -> Ground:
    return Ground()


def start_two(launch: Launch, folder: Path) -> list[ServerProcess]:
    """Start two servers that share the own mongod."""
    return [launch(MONGODB_URI="", DATA_DIR=str(folder)) for _ in range(2)]


async def test_nothing_is_lost_when_the_database_is_killed(
    folder: Path, stores: Stores, launch: Launch
) -> None:
    town, servers = await settle(stores), start_two(launch, folder)
    urls, apis = [each.socket_url for each in servers], [Api(each.url) for each in servers]
    async with listening(6, urls, CHANNELS, town.manager) as listeners:
        async with loading(apis, town, stores) as load:
            for _ in range(2):
                await load.more(20)
                mongod = int((folder / "mongo" / "mongod.lock").read_text())
                os.kill(mongod, signal.SIGKILL)
            await load.more(20)
        await check(load, listeners)
    assert load.unanswered == 0
    assert [each.closes for each in listeners] == [[]] * 6


async def test_clients_of_a_killed_server_go_on_at_another_without_gap_or_repetition(
    folder: Path, stores: Stores, launch: Launch
) -> None:
    town, servers = await settle(stores), start_two(launch, folder)
    urls, apis = [each.socket_url for each in servers], [Api(each.url) for each in servers]
    async with listening(6, urls, CHANNELS, town.manager) as listeners:
        async with loading(apis, town, stores) as load:
            await load.more(20)
            servers[0].kill()
            await load.more(20)
        await check(load, listeners)
    moved = [each for each in listeners if each.connections > 1]
    assert len(moved) == 3
    for each in moved:
        assert all(ledger.recovered for ledger in each.ledgers.values())
