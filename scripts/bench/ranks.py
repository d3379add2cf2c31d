"""What the index page, one's own rank and a contribution cost in a small and in a large community."""

from __future__ import annotations

import random
import resource
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from scripts.bench._crowd import write_crowd
from scripts.import_dump import import_files
from storage.database import Database
from storage.embedded import join
from storage.pybossa.contributions import Run
from storage.pybossa.ranking import PER_PAGE
from storage.stores import Stores

LEADERS = 20
Deed = Callable[[], Awaitable[Any]]


class Visitors:
    """What people do in a community; each deed is one request's worth of reads or writes."""

    def __init__(self, stores: Stores, users: int, tasks: list[int], chance: random.Random) -> None:
        self._stores = stores
        self._users = users
        self._tasks = tasks
        self._chance = chance

    async def look(self, number: int = 1) -> None:
        """Read what the index page shows."""
        stores = self._stores
        await stores.ranking.page(number)
        await stores.ranking.top(LEADERS)
        await stores.ranking.joined()
        await stores.feed.newest()

    async def look_far(self) -> None:
        """Read any page of the list."""
        _, total = await self._stores.ranking.page(1)
        await self.look(self._chance.randrange(total // PER_PAGE) + 1)

    async def rank(self) -> None:
        """Find out where somebody stands."""
        user = await self._stores.pybossa.by_id(self._chance.randrange(self._users) + 1)
        if user is not None:
            await self._stores.ranking.standing(user)

    async def contribute(self) -> None:
        """Answer a task."""
        somebody = self._chance.randrange(self._users) + 1
        await self._stores.contributions.add(Run(self._chance.choice(self._tasks), somebody))


async def clock(deed: Deed, times: int) -> list[float]:
    """Do something many times; return the seconds of each."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        await deed()
        taken.append(time.perf_counter() - began)
    return taken


def summarise(taken: list[float]) -> dict[str, float]:
    """Return the usual figures, in milliseconds."""
    cuts = statistics.quantiles(taken, n=100)
    return {"p50_ms": round(cuts[49] * 1000, 2), "p95_ms": round(cuts[94] * 1000, 2)}


async def settle(uri: str, users: int, runs: int) -> tuple[Visitors, Database, float]:
    """Import a community; return who visits it, and how long the import took."""
    database = Database.connect(uri, f"bench_ranks_{users}")
    stores = Stores.over(database)
    await stores.prepare()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "crowd.json"
        write_crowd(path, users, runs)
        began = time.perf_counter()
        await import_files(stores, [path], None)
        took = time.perf_counter() - began
    tasks = [row["_id"] async for row in database["tasks"].find({}, {"_id": 1}).limit(2000)]
    return Visitors(stores, users, tasks, random.Random(2)), database, took  # noqa: S311


async def measure(uri: str, times: int, sizes: dict[int, int], say: Callable[[str], None]) -> dict[str, Any]:
    """Measure both communities in turns, so that both meet the same weather."""
    crowds = {}
    found: dict[str, Any] = {}
    for users, runs in sizes.items():
        say(f"importing {users} people and {runs} runs")
        visitors, database, took = await settle(uri, users, runs)
        crowds[users] = (visitors, database)
        found[f"import_{users}_users"] = {"runs": runs, "seconds": round(took, 1)}
    found["import_peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    for name in ("look", "look_far", "rank", "contribute"):
        say(name)
        taken: dict[int, list[float]] = {users: [] for users in crowds}
        for _ in range(times // 20):
            for users, (visitors, _) in crowds.items():
                taken[users] += await clock(getattr(visitors, name), 20)
        figures = {f"{users}_users": summarise(each) for users, each in taken.items()}
        small, large = (each["p50_ms"] for each in figures.values())
        found[name] = {**figures, "ratio_p50": round(large / small, 2)}
    for _, database in crowds.values():
        await database.close()
    return found


async def run(
    progress: Callable[[str], None], *, times: int = 400, users: int = 10_000, runs: int = 1_000_000
) -> dict[str, Any]:
    """Measure over a mongod of its own: a tenth of the people and runs beside all of them."""
    sizes = {users // 10: runs // 10, users: runs}
    with tempfile.TemporaryDirectory() as folder, join(Path(folder)) as lease:
        return await measure(lease.uri, times, sizes, progress)
