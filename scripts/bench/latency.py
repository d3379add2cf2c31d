"""From a vote's answer to its receipt by all subscribers of another process, and what that costs there."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
from tornado.httpclient import AsyncHTTPClient

from scripts.bench._audience import Greeting, Heard, Seats, introduce, seat
from scripts.bench._delays import summarise
from scripts.bench._servers import start_program, start_servers
from storage.embedded import join

CHANNEL = "polls:1"
WAYS = {
    "websocket": Seats(0, "/connection/websocket", 0, introduce([CHANNEL]), record=True),
    "server-sent events": Seats(
        0,
        "/connection/uni_sse?cf_connect=" + quote(json.dumps({"subs": {CHANNEL: {}}})),
        0,
        Greeting(welcome='"connect"'),
        stream=True,
        record=True,
    ),
}
PAUSE = 0.1  # seconds; longer than the conflation, so that each vote is published alone
TICKS = os.sysconf("SC_CLK_TCK")


async def call(url: str, value: dict[str, Any]) -> Any:
    """Send JSON, return JSON."""
    answer = await AsyncHTTPClient().fetch(url, method="POST", body=orjson.dumps(value))
    return orjson.loads(answer.body)


@dataclass(frozen=True, slots=True)
class Listened:
    """The server to which everybody listens, seen from outside."""

    pid: int
    port: int

    def cpu(self) -> float:
        """Return its CPU seconds so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident(self) -> int:
        """Return its resident bytes."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True)
class Voter:
    """Somebody who votes on the one server, again and again."""

    url: str
    secret: str
    version: int = 1  # of the tally

    async def vote(self) -> tuple[float, float]:
        """Vote once; return the moments before the request and after the answer."""
        self.version += 1
        body = {"s": self.secret, "poll_id": 1, "option_id": str(100 + self.version % 8)}
        asked = time.monotonic()
        await call(f"{self.url}/api/v0/iiccot/cast_vote", body)
        return asked, time.monotonic()

    async def vote_often(self, votes: int) -> dict[int, tuple[float, float]]:
        """Vote with pauses; return the moments by the version of the tally."""
        moments = {}
        for _ in range(votes):
            asked, answered = await self.vote()
            moments[self.version] = asked, answered
            await asyncio.sleep(PAUSE)
        return moments


async def measure(voter: Voter, listened: Listened, seats: Seats, votes: int) -> dict[str, Any]:
    """Seat subscribers, and vote before them."""
    await voter.vote_often(10)
    began = listened.cpu()
    await voter.vote_often(votes)
    alone = listened.cpu() - began
    empty = listened.resident()
    async with seat(replace(seats, port=listened.port)) as heard:
        each = (listened.resident() - empty) / seats.count
        await voter.vote_often(10)
        began = listened.cpu()
        moments = await voter.vote_often(votes)
        spent = listened.cpu() - began - alone
    return {
        "from_answer": summarise(find_delays(heard, moments, 1)),
        "from_request": summarise(find_delays(heard, moments, 0)),
        "skipped": count_skipped(heard, moments, seats.count),
        "cpu_us_a_delivery": spent / votes / seats.count * 1e6,
        "rss_kib_each": each / 1024,
    }


def find_delays(heard: Heard, moments: Mapping[int, tuple[float, float]], since: int) -> list[float]:
    """Return how long each receipt took; what came before the answer took no time."""
    return [
        max(0.0, receipt - times[since])
        for version, times in moments.items()
        for receipt in heard.moments[version]
    ]


def count_skipped(heard: Heard, moments: Mapping[int, tuple[float, float]], clients: int) -> int:
    """Return how many receipts there were too few, because a newer version came at once; never the last."""
    missing = {version: clients - len(heard.moments[version]) for version in moments}
    if missing[max(missing)]:
        raise RuntimeError(f"the last version has not reached {missing[max(missing)]} of {clients}")
    return sum(missing.values())


async def listen(voter: Voter, uri: str, seats: Seats, votes: int) -> dict[str, Any]:
    """Measure before a server of its own, whose memory nobody else has used before."""
    process, live = await start_program(uri, "bench_latency", "server.py", "--port", "0")
    try:
        listened = Listened(process.pid, int(live.rpartition(":")[2]))
        return await measure(voter, listened, seats, votes)
    finally:
        process.terminate()
        await process.wait()


async def run(progress: Callable[[str], None], *, clients: int = 1000, votes: int = 100) -> dict[str, Any]:
    """Measure both ways to listen over a mongod of the bench's own."""
    results: dict[str, Any] = {"clients": clients, "votes": votes}
    with tempfile.TemporaryDirectory() as folder, join(Path(folder)) as lease:
        async with start_servers(lease.uri, "bench_latency") as (url,):
            body = {"email": "ann@example.org"}
            member = await call(f"{url}/api/v0/register/initial_email", body)
            voter = Voter(url, member["s"])
            for name, seats in WAYS.items():
                progress(f"latency: {votes} votes, {clients} subscribers by {name}")
                some = replace(seats, count=clients)
                results[name] = await listen(voter, lease.uri, some, votes)
    return results
