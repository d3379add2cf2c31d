"""Measures whether lists of events stay as quick when there are many."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tornado.httpclient import AsyncHTTPClient

from scripts.bench._servers import start_servers
from storage.database import Database
from storage.driver import Document
from storage.embedded import join
from storage.klub.event import new_event
from storage.stores import Stores

FEW, WARM_UP, ROUNDS, CHUNK = 1000, 20, 300, 5000
UNITS, TYPES, LOCATIONS = 50, 10, 200
PROGRAMS = ("", "zmj", "dpnk", "lab", "education", "monuments", "nature", "eco_consulting")
FIRST = datetime(2020, 1, 1, tzinfo=UTC)
SPAN = 3650  # days over which events are spread
WORDS = ("Úklid", "Brigáda", "Tábor", "Výlet", "Přednáška", "Sázení", "Kurz", "Setkání")

Progress = Callable[[str], None]
Ask = Callable[[random.Random], str]


def make_event(number: int, chance: random.Random) -> Document:
    """Make an event; one in five is a draft."""
    at = FIRST + timedelta(days=chance.uniform(0, SPAN))
    values = {
        "name": f"{chance.choice(WORDS)} {chance.randrange(10_000)}",
        "units": [chance.randint(1, UNITS)],
        "type": chance.randint(1, TYPES),
        "location": chance.randint(1, LOCATIONS),
        "program": chance.choice(PROGRAMS),
        "datetime_from": at,
        "datetime_to": at + timedelta(hours=3),
        "invitation_text_1": "Come and help. " * 20,
        "public_on_web": number % 5 > 0,
        "is_internal": number % 7 == 0,
        "team": [number % 1000],
    }
    return new_event(number, f"event-{number}", values)


async def build(database: Database, events: int, progress: Progress) -> None:
    """Store so many events, and what they show."""
    stores = Stores.over(database)
    await stores.prepare()
    units = [{"_id": n, "name": f"Unit {n}", "slug": f"unit-{n}"} for n in range(1, UNITS + 1)]
    await database["administrative_units"].insert_many(units)
    types = [{"_id": n, "name": f"Type {n}", "slug": f"type-{n}"} for n in range(1, TYPES)]
    await database["event_types"].insert_many([*types, {"_id": TYPES, "name": "Camp", "slug": "tabor"}])
    places = [{"_id": n, "name": f"Place {n}"} for n in range(1, LOCATIONS + 1)]
    await database["locations"].insert_many(places)
    chance = random.Random(7)  # noqa: S311
    rows = database.light("events")
    for first in range(1, events + 1, CHUNK):
        last = min(first + CHUNK, events + 1)
        await rows.insert_many([make_event(n, chance) for n in range(first, last)], ordered=False)
        progress(f"{last - 1:,} of {events:,} events")
    await stores.event_counts.recount()


def month(chance: random.Random) -> str:
    """Ask for the events of a month."""
    start = FIRST + timedelta(days=chance.randrange(SPAN))
    bounds = (start, start + timedelta(days=30))
    texts = [each.isoformat().replace("+00:00", "Z") for each in bounds]
    return f"/api/event/?datetime_from__gte={texts[0]}&datetime_from__lte={texts[1]}"


def asks(events: int) -> Iterator[tuple[str, Ask]]:
    """Name what is measured, of a server with so many events."""
    pages = events * 4 // 5 // 10
    yield "list", lambda _: "/api/event/"
    yield "frontend list", lambda _: "/api/frontend/events/"
    yield "page 20", lambda _: "/api/event/?page=20"
    yield "last page", lambda _: "/api/event/?page=last"
    yield "page in the middle (deep)", lambda _: f"/api/event/?page={pages // 2}"
    yield "program", lambda chance: f"/api/event/?program={chance.choice(PROGRAMS[1:])}"
    yield "unit", lambda chance: f"/api/event/?administrative_unit={chance.randint(1, UNITS)}"
    yield "month", month
    yield "newest first", lambda _: "/api/event/?ordering=-datetime_from"
    yield "without camps", lambda _: "/api/event/?type=vik"
    yield "detail", lambda chance: f"/api/event/{chance.randrange(events // 5) * 5 + 1}/"


async def compare(addresses: Sequence[str], both: Sequence[Ask]) -> dict[str, float]:
    """Ask both servers in turn, so that whatever else the machine does slows both; p50 in milliseconds."""
    client = AsyncHTTPClient(force_instance=True)
    chances = [random.Random(11) for _ in addresses]  # noqa: S311
    times: list[list[float]] = [[] for _ in addresses]
    for turn in range(WARM_UP + ROUNDS):
        for address, ask, chance, taken in zip(addresses, both, chances, times, strict=True):
            path = ask(chance)
            started = time.perf_counter()
            await client.fetch(address + path)
            if turn >= WARM_UP:
                taken.append((time.perf_counter() - started) * 1000)
    client.close()
    few, many = map(statistics.median, times)
    worst = max(times[1])
    return {"p50_ms_small": few, "p50_ms_full": many, "ratio": many / few, "worst_ms_full": worst}


async def measure(uri: str, progress: Progress, events: int) -> Mapping[str, Any]:
    """Build a small and a full database, and ask a server of each the same."""
    for name, size in (("few", FEW), ("many", events)):
        database = Database.connect(uri, f"bench_{name}")
        await build(database, size, progress)
        await database.close()
    found: dict[str, Any] = {}
    async with start_servers(uri, "bench_few") as few, start_servers(uri, "bench_many") as many:
        for (name, small), (_, full) in zip(asks(FEW), asks(events), strict=True):
            progress(name)
            found[name] = await compare([few[0], many[0]], [small, full])
    return {"events": events, **found}


async def run(progress: Progress, *, events: int = 200_000) -> Mapping[str, Any]:
    """Measure over a mongod of its own; the ratios belong under 1.5, but for the deep page's."""
    with tempfile.TemporaryDirectory() as folder, join(Path(folder)) as lease:
        return await measure(lease.uri, progress, events)
