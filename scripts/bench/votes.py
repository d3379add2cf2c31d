"""Votes a second over HTTP on one server process, with validation, limits, log and metrics on."""

from __future__ import annotations

import asyncio
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scripts.bench._servers import start_servers
from storage.database import Database
from storage.driver import ObjectId
from storage.embedded import join
from storage.person import new_person
from storage.polls import FIRST_OPTIONS, Polls
from storage.stores import Stores

MEMBERS, CONNECTIONS, SECONDS = 5000, 128, 5.0
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class Voter(asyncio.Protocol):
    """One keep-alive connection that casts a vote as soon as the last one was answered."""

    def __init__(
        self, next_request: Callable[[], bytes | None], times: list[float], failures: list[bytes]
    ) -> None:
        self._next = next_request
        self._times = times
        self._failures = failures
        self._buffer = b""
        self._sent = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Cast the first vote."""
        self._transport: Any = transport
        self._send()

    def _send(self) -> None:
        request = self._next()
        if request is None:
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take the answer's time when it is complete, and go on."""
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not found or length is None or len(body) < int(length[1]):
            return
        self._times.append(time.perf_counter() - self._sent)
        if not head.startswith(b"HTTP/1.1 200"):
            self._failures.append(head[:40])
        self._buffer = b""
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        """Tell that this voter is through."""
        if not self.done.done():
            self.done.set_result(None)


async def load(host: str, port: int, secrets: Sequence[str], seconds: float) -> dict[str, Any]:
    """Cast votes over many connections; return votes a second and times in milliseconds."""
    times: list[float] = []
    failures: list[bytes] = []
    turn = iter(range(1 << 60))
    until = time.perf_counter() + seconds

    def next_request() -> bytes | None:
        if time.perf_counter() > until:
            return None
        number = next(turn)
        secret, option = secrets[number % len(secrets)], FIRST_OPTIONS[(number * 7 + number // 5000) % 8]
        body = b'{"s":"%s","poll_id":1,"option_id":"%s"}' % (secret.encode(), option.encode())
        head = (
            f"POST /api/v0/iiccot/cast_vote HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    voters = [
        (await loop.create_connection(lambda: Voter(next_request, times, failures), host, port))[1]
        for _ in range(CONNECTIONS)
    ]
    await asyncio.gather(*(voter.done for voter in voters))
    took = time.perf_counter() - started
    cuts = statistics.quantiles(times, n=100)
    return {
        "votes_per_second": round(len(times) / took),
        "p50_ms": round(cuts[49] * 1000, 1),
        "p99_ms": round(cuts[98] * 1000, 1),
        "failures": len(failures),
    }


async def seed(database: Database) -> list[str]:
    """Make the members; return their secrets."""
    people = [
        new_person(n, f"voter{n}@example.org", {}, now=float(n), ip=None) for n in range(1, MEMBERS + 1)
    ]
    await database["users"].insert_many(people)
    return [person["s"] for person in people]


async def count_votes(database: Database) -> tuple[int, int]:
    """Return the votes and the sum of the tally."""
    tally = await Polls(database).tally(1)
    return await database["votes"].count_documents({"poll_id": 1}), sum(tally.stats.values())


async def cast_in_process(database: Database, batch: int, seconds: float) -> int:
    """Cast without HTTP, at most `batch` votes a transaction; return votes a second."""
    polls = Polls(database, batch=batch)
    until = time.perf_counter() + seconds

    async def vote(voter: ObjectId) -> int:
        turn = 0
        while time.perf_counter() < until:
            await polls.cast(1, voter, FIRST_OPTIONS[turn % 8])
            turn += 1
        return turn

    members = await database["users"].find({}, {"_id": 1}).limit(CONNECTIONS).to_list(None)
    started = time.perf_counter()
    votes = await asyncio.gather(*(vote(member["_id"]) for member in members))
    return round(sum(votes) / (time.perf_counter() - started))


async def measure(uri: str) -> dict[str, Any]:
    """Run the server over the database and vote."""
    database = Database.connect(uri, "bench_votes")
    await Stores.over(database).prepare()
    secrets = await seed(database)
    async with start_servers(uri, database.name) as (address,):
        host, _, port = address.removeprefix("http://").rpartition(":")
        await load(host, int(port), secrets, 1.0)  # first votes, warm caches
        result = await load(host, int(port), secrets, SECONDS)
    votes, tally = await count_votes(database)
    alone, grouped = [await cast_in_process(database, batch, 2.0) for batch in (1, 256)]
    await database.close()
    in_process = {"one_transaction_a_vote": alone, "grouped": grouped, "ratio": round(grouped / alone, 1)}
    return {**result, "votes": votes, "tally": tally, "exact": votes == tally, "in_process": in_process}


async def run(progress: Callable[[str], None]) -> dict[str, Any]:
    """Measure over a mongod of its own."""
    progress("5 s of votes, then 4 s in process")
    with tempfile.TemporaryDirectory() as folder, join(Path(folder)) as lease:
        return await measure(lease.uri)
