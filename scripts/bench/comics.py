"""Measures lists of comics over real HTTP: how quick each is, and whether 100 times the data keep it so."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tornado.httpclient import AsyncHTTPClient

from scripts.bench._library import COMICS, Library
from scripts.bench._servers import start_program
from storage.database import Database
from storage.embedded import join

FEW, WARM_UP, TOGETHER = 20_000, 3, 8
SERVER = ("server.py", "--port", "0")
BARE = ("-m", "scripts.bench._bare")
TICKS = 100  # a second, in /proc

Progress = Callable[[str], None]
Vary = Callable[[int], str]


@dataclass(frozen=True)
class Question:
    """A path of the API, a little different each time, and the p95 that it has to keep, in milliseconds."""

    name: str
    path: Vary
    target: float
    rounds: int = 60
    front: bool = False  # compared with the small catalogue


def questions(releases: int) -> Iterator[Question]:
    """List what is asked; `number` counts the rounds."""
    of_releases = "/api/v1/releases/"
    deep = releases * 19 // 20
    yield Question("releases", lambda n: of_releases, 100, front=True)
    yield Question("images", lambda n: "/api/v1/images/", 100, front=True)
    yield Question("comics", lambda n: "/api/v1/comics/", 100, front=True)
    yield Question("subscriptions", lambda n: "/api/v1/subscriptions/", 100, front=True)
    yield Question("one comic", lambda n: f"{of_releases}?comic={1 + n * 17 % COMICS}", 100, front=True)
    yield Question("comic__slug", lambda n: f"{of_releases}?comic__slug=comic-{1 + n * 17 % COMICS:04}", 100)
    yield Question("comic__language", lambda n: f"{of_releases}?comic__language=no", 100)
    yield Question("comic__active", lambda n: f"{of_releases}?comic__active=true", 100)
    yield Question("subscribed=true", lambda n: f"{of_releases}?subscribed=true", 100, front=True)
    yield Question("subscribed=false", lambda n: f"{of_releases}?subscribed=false", 100, front=True)
    yield Question("pub_date__year", lambda n: f"{of_releases}?pub_date__year={2001 + n % 22}", 100)
    yield Question("pub_date of a month", lambda n: f"{of_releases}?pub_date__range={month(n)}", 100)
    yield Question("pub_date__gte", lambda n: f"{of_releases}?pub_date__gte=2023-{1 + n % 12:02}-15", 100)
    yield Question("images__height__gt", lambda n: f"{of_releases}?images__height__gt={1000 + 7 * n}", 100)
    yield Question(
        "images__height range", lambda n: f"{of_releases}?images__height__range={900 + n},{960 + n}", 100
    )
    yield Question("images height__gt", lambda n: f"/api/v1/images/?height__gt={1000 + 7 * n}", 100)
    yield Question("one release", lambda n: f"{of_releases}{1 + n * 1009 % releases}/", 20)
    yield Question("one image", lambda n: f"/api/v1/images/{1 + n * 1009 % releases}/", 20)
    yield Question("a page near the end", lambda n: f"{of_releases}?offset={deep + n}", 2000, 10)
    yield Question("a page in the middle", lambda n: f"{of_releases}?offset={releases // 2 + n}", 2000, 10)
    yield Question("images near the end", lambda n: f"/api/v1/images/?offset={deep + n}", 2000, 10)


def month(number: int) -> str:
    """Name the ends of a month."""
    start = f"{2001 + number % 22}-{1 + number % 12:02}"
    return f"{start}-01,{start}-28"


class Reader:
    """Asks one server with a key."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.headers = {"Authorization": f"Key {key}"}
        self._client = AsyncHTTPClient(force_instance=True, max_clients=TOGETHER)

    async def ask(self, path: str) -> float:
        """Fetch a path; return the milliseconds that it took."""
        began = time.perf_counter()
        await self._client.fetch(self.url + path, headers=self.headers, request_timeout=60)
        return (time.perf_counter() - began) * 1000

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


async def answer(question: Question, readers: Sequence[Reader]) -> list[list[float]]:
    """Ask all in turn, so that whatever else the machine does slows all of them; return the times."""
    taken: list[list[float]] = [[] for _ in readers]
    for number in range(WARM_UP + question.rounds):
        for reader, times in zip(readers, taken, strict=True):
            took = await reader.ask(question.path(number))
            if number >= WARM_UP:
                times.append(took)
    return taken


def describe(question: Question, times: Sequence[Sequence[float]]) -> dict[str, Any]:
    """Sum up the times of one question; those of the small catalogue come second."""
    full = times[0]
    p95 = statistics.quantiles(full, n=20)[-1]
    found: dict[str, Any] = {"p50_ms": statistics.median(full), "p95_ms": p95, "target_ms": question.target}
    if len(times) > 1:
        found["p50_ratio"] = statistics.median(full) / statistics.median(times[1])
    return found | {"kept": p95 <= question.target}


async def first_byte(reader: Reader, process: Process) -> dict[str, float]:
    """Ask for everything at once; return when it began to come, and what memory some of it took."""
    address = urlsplit(reader.url)
    before = resident(process.pid)
    began = time.perf_counter()
    incoming, outgoing = await asyncio.open_connection(address.hostname, address.port)
    lines = ["GET /api/v1/releases/?limit=0 HTTP/1.1", f"Host: {address.netloc}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in reader.headers.items()]
    outgoing.write("\r\n".join([*lines, "", ""]).encode())
    await incoming.readuntil(b"\r\n\r\n")
    await incoming.readuntil(b"{")
    taken = (time.perf_counter() - began) * 1000
    size = peak = 0
    while time.perf_counter() - began < 5 and (piece := await incoming.read(1 << 20)):
        size += len(piece)
        peak = max(peak, resident(process.pid))
    outgoing.close()
    return {"first_byte_ms": taken, "megabytes_in_5_s": size / 1e6, "memory_grew_mb": (peak - before) / 1e6}


def resident(process: int) -> int:
    """Return the bytes of memory that a process holds; 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1]) * 4096
    except OSError:
        return 0


def cpu(process: int) -> float:
    """Return the seconds of CPU that a process has used; 0 where the system does not tell."""
    try:
        times = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(times[11]) + int(times[12])) / TICKS


async def load(reader: Reader, path: str, requests: int, process: Process, together: int) -> dict[str, float]:
    """Ask many times, some at once; return the rate and the server's CPU for one request."""
    numbers = itertools.count()

    async def keep_asking() -> None:
        while next(numbers) < requests:
            await reader.ask(path)

    await reader.ask(path)
    began, used = time.perf_counter(), cpu(process.pid)
    await asyncio.gather(*(keep_asking() for _ in range(together)))
    return {
        "requests_per_second": requests / (time.perf_counter() - began),
        "cpu_ms_per_request": (cpu(process.pid) - used) * 1000 / requests,
    }


@asynccontextmanager
async def serve(uri: str, library: Library, command: Sequence[str]) -> AsyncIterator[tuple[Reader, Process]]:
    """Run a server over a library; yield who asks it, and its process."""
    process, address = await start_program(uri, library.database.name, *command)
    reader = Reader(address, library.key)
    try:
        yield reader, process
    finally:
        reader.close()
        process.terminate()
        await process.wait()


async def measure(uri: str, progress: Progress, releases: int, requests: int) -> dict[str, Any]:
    """Build both libraries and ask them."""
    full = Library(Database.connect(uri, "bench_full"), releases)
    small = Library(Database.connect(uri, "bench_small"), min(FEW, releases))
    for library in (full, small):
        await library.build(progress)
    found: dict[str, Any] = {"releases": releases}
    async with AsyncExitStack() as stack:
        (asks, process), (other, _), (bare, floor) = [
            await stack.enter_async_context(serve(uri, library, command))
            for library, command in ((full, SERVER), (small, SERVER), (full, BARE))
        ]
        for question in questions(releases):
            progress(question.name)
            readers = (asks, other) if question.front else (asks,)
            found[question.name] = describe(question, await answer(question, readers))
        found["limit=0"] = await first_byte(asks, process)
        progress("requests a second")
        for together in (TOGETHER, 1):
            speed = await compare_speed(requests, (asks, process), (bare, floor), together)
            found[f"{together} at a time"] = speed
    for library in (full, small):
        await library.database.close()
    return found


async def compare_speed(
    requests: int, product: tuple[Reader, Process], bare: tuple[Reader, Process], together: int = TOGETHER
) -> Mapping[str, Any]:
    """Load the product and the bare handler in turn; together, the ratio of CPU belongs under 1.6."""
    mine = await load(product[0], "/api/v1/releases/?limit=20", requests, product[1], together)
    floor = await load(bare[0], "/", requests, bare[1], together)
    ratio = mine["cpu_ms_per_request"] / (floor["cpu_ms_per_request"] or 1)
    return {"product": mine, "bare": floor, "cpu_ratio": ratio}


async def run(progress: Progress, *, releases: int = 2_000_000, requests: int = 3000) -> dict[str, Any]:
    """Measure over a mongod of its own, a thousand comics in it."""
    with tempfile.TemporaryDirectory() as folder, join(Path(folder)) as lease:
        return await measure(lease.uri, progress, releases, requests)
