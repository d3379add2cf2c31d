"""From the HTTP answer of a vote to its receipt by a subscriber of another process, idle."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import WebSocketClientConnection, websocket_connect

from scripts.bench._servers import start_servers
from storage.embedded import join

VOTES, PAUSE = 200, 0.06  # seconds; longer than the conflation, so that each vote is published alone


async def call(url: str, value: dict[str, Any]) -> Any:
    """Send JSON, return JSON."""
    answer = await AsyncHTTPClient().fetch(url, method="POST", body=orjson.dumps(value))
    return orjson.loads(answer.body)


async def subscribe(url: str) -> WebSocketClientConnection:
    """Subscribe to the poll; return the connection after the first tally."""
    socket = await websocket_connect(url.replace("http", "ws", 1) + "/connection/websocket")
    for command in (b'{"id":1,"connect":{}}', b'{"id":2,"subscribe":{"channel":"polls:1"}}'):
        await socket.write_message(command)
        await socket.read_message()
    return socket


async def receive(socket: WebSocketClientConnection, moments: dict[int, float]) -> None:
    """Note when each version of the tally arrives."""
    while (message := await socket.read_message()) is not None:
        now = time.perf_counter()
        for line in message.splitlines():
            publication = orjson.loads(line).get("push", {}).get("pub")
            if publication:
                moments[publication["offset"]] = now


async def measure(uri: str) -> dict[str, Any]:
    """Vote on one process, listen on the other."""
    async with start_servers(uri, "bench_latency", 2) as (one, other):
        member = await call(f"{one}/api/v0/register/initial_email", {"email": "ann@example.org"})
        socket = await subscribe(other)
        received: dict[int, float] = {}
        listener = asyncio.create_task(receive(socket, received))
        answered: list[float] = []
        for number in range(VOTES):
            vote = {"s": member["s"], "poll_id": 1, "option_id": str(100 + number % 8)}
            await call(f"{one}/api/v0/iiccot/cast_vote", vote)
            answered.append(time.perf_counter())
            await asyncio.sleep(PAUSE)
        socket.close()
        await listener
    # The first vote made version 2, and each one after it the next.
    delays = [max(0.0, received[version] - moment) for version, moment in enumerate(answered, 2)]
    cuts = statistics.quantiles(delays, n=100)
    return {"votes": VOTES, "p50_ms": round(cuts[49] * 1000, 2), "p99_ms": round(cuts[98] * 1000, 2)}


async def run(progress: Callable[[str], None]) -> dict[str, Any]:
    """Measure over a mongod of its own."""
    progress("200 votes")
    with tempfile.TemporaryDirectory() as folder, join(Path(folder)) as lease:
        return await measure(lease.uri)
