"""A server is told to stop while its database is away and much waits for it."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from tests.faults.listener import listening
from tests.faults.members import Mongod, ReplicaSet, run_members
from tests.serving import Api, ServerProcess

WAITING = 150  # requests
LONGEST_STOP = 10.0  # seconds, by the contract
LEAVING = (Mongod.kill, Mongod.hold)  # one refuses connections, the other keeps them and says nothing


@pytest.fixture
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[ReplicaSet]]:
    """Run sets of one, which go away for good."""
    folders = [tmp_path_factory.mktemp("alone") for _ in LEAVING]
    with run_members(folders[0], 1) as one, run_members(folders[1], 1) as other:
        yield [one, other]


async def test_a_stop_ends_in_time_while_the_database_is_away(
    alone: list[ReplicaSet], launch: Callable[..., ServerProcess]
) -> None:
    servers = [launch(MONGODB_URI=each.uri) for each in alone]
    ends = await asyncio.gather(
        *(
            stop(server, each.primary, leave)
            for server, each, leave in zip(servers, alone, LEAVING, strict=True)
        )
    )
    assert [code for code, _ in ends] == [0, 0]
    assert max(seconds for _, seconds in ends) < LONGEST_STOP, ends


async def stop(server: ServerProcess, mongod: Mongod, leave: Callable[[Mongod], None]) -> tuple[int, float]:
    """Stop a server whose mongod has left; return its exit code, and the seconds that it took."""
    api = Api(server.url)
    async with listening(20, [server.socket_url], ["polls:1", "feed:updates"]):
        await asyncio.to_thread(leave, mongod)
        body = {"s": "0" * 40, "poll_id": 1, "option_id": "100"}
        asked = [asyncio.ensure_future(api.post("/api/v0/iiccot/cast_vote", body)) for _ in range(WAITING)]
        asked += [asyncio.ensure_future(api.get("/api/v0/getinfo")) for _ in range(WAITING // 3)]
        await asyncio.wait(asked, timeout=1)  # nobody tells when they wait for the database
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(server.process.wait, 60)
        seconds = time.monotonic() - began
        for answer in await asyncio.gather(*asked, return_exceptions=True):
            assert isinstance(answer, ConnectionError) or getattr(answer, "status", 0) == 503, answer
    return code, seconds
