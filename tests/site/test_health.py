"""What monitoring hears, above all while the database is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from settings import Settings
from storage.database import Database
from storage.stores import Stores
from tests.serving import Answer, Api, serve_here


class Line:
    """A way to the database that can go dead: what is sent arrives nowhere, and nobody says so."""

    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        self._target = (parts.hostname, parts.port)
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._pumps: set[asyncio.Task[None]] = set()

    async def open(self) -> str:
        """Listen; return the address to use instead of the database's."""
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return f"mongodb://{host}:{port}/?directConnection=true"

    def cut(self) -> None:
        """Let nothing through any more."""
        self._flowing.clear()

    def mend(self) -> None:
        """Let everything through again, what was held back first."""
        self._flowing.set()

    async def close(self) -> None:
        """Stop."""
        self._server.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            pump = asyncio.create_task(self._pump(source, sink))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(1 << 16):
                await self._flowing.wait()
                sink.write(data)
                await sink.drain()
        sink.close()


@pytest.fixture
async def line(mongo_uri: str) -> AsyncIterator[Line]:
    """Give a line to the database."""
    line = Line(mongo_uri)
    yield line
    await line.close()


async def timed(api: Api, path: str) -> tuple[Answer, float]:
    began = time.monotonic()
    return await api.get(path), time.monotonic() - began


async def test_a_healthy_server_says_so_and_is_not_cached(api: Api) -> None:
    answer = await api.get("/healthz")
    assert (answer.status, answer.json) == (200, {"status": "ok"})
    assert answer.headers["Cache-Control"] == "no-store"


async def test_health_and_metrics_answer_in_a_second_while_the_database_does_not(
    settings: Settings, stores: Stores, line: Line
) -> None:
    database = Database.connect(await line.open(), settings.mongodb_database, settings.mongodb_driver)
    async with serve_here(settings, Stores.over(database)) as server:
        before = await server.api.get("/healthz")
        line.cut()
        sick, seconds = await timed(server.api, "/healthz")
        metrics, metrics_seconds = await timed(server.api, "/metrics")
        line.mend()
        async with asyncio.timeout(10):
            while (after := await server.api.get("/healthz")).status != 200:
                pass
    await database.close()
    assert [before.status, sick.status, after.status] == [200, 503, 200]
    assert max(seconds, metrics_seconds) < 1.9
    assert sick.json["status"] != "ok"
    assert "folkmoot_feed_lag_seconds" in metrics.text
    assert "folkmoot_jobs{" not in metrics.text


async def test_invented_methods_share_one_row_of_the_metrics(api: Api) -> None:
    for number in range(3):
        assert (await api.call(f"BREW{number}", "/nowhere")).status == 404
    text = (await api.get("/metrics")).text
    assert "BREW" not in text
    assert 'method="(refused)",route="(none)",status="404"} 3.0' in text
