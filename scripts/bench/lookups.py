"""Measures whether address look-ups and the next member to call stay as quick when a lot is stored."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from storage.calls import ORDER, Search
from storage.database import Database
from storage.driver import Document, ObjectId
from storage.embedded import join
from storage.gazetteer import Suburb
from storage.person import new_person
from storage.stores import Stores

FEW, WARM_UP, ROUNDS, CHUNK = 1000, 20, 400, 10_000
STREETS_OF_SUBURB, SUBURBS_OF_POSTCODE = 50, 5
DAY, WEEK = 86_400, 604_800  # seconds
LAYOUTS = ("never called", "long ago", "long ago", "today", "without number", "no calls")

Progress = Callable[[str], None]
Ask = Callable[[random.Random], Awaitable[object]]


def place(number: int) -> Suburb:
    """Name the suburb with this number."""
    return Suburb("au", f"{number // SUBURBS_OF_POSTCODE:04}", f"SUBURB {number}")


def member(number: int, chance: random.Random, now: float) -> Document:
    """Make a member; two in six are left out of calls for good, one in six because of a call today."""
    fields = {"addr_postcode": f"{chance.choice('23456')}{chance.randrange(1000):03}"}
    layout = LAYOUTS[number % len(LAYOUTS)]
    if layout != "without number":
        fields["contact_number"] = f"04{number:08}"
    person = new_person(number, f"m{number}@example.org", fields, now=now - number, ip=None)
    person["do_not_call"] = layout == "no calls"
    if layout in ("long ago", "today"):
        days = chance.uniform(0, 0.5) if layout == "today" else chance.uniform(30, 900)
        person["phone_bank"] = {"last_call": now - days * DAY}
    return person


class Town:
    """A database with so many members and streets in it."""

    def __init__(self, database: Database, members: int, streets: int) -> None:
        self.database = database
        self.stores = Stores.over(database)
        self.members = members
        self.suburbs = streets // STREETS_OF_SUBURB
        self.caller = ObjectId()

    async def build(self, progress: Progress) -> None:
        """Store everybody and everything."""
        await self.stores.prepare()
        caller = new_person(0, "caller@example.org", {}, now=0.0, ip=None)
        await self.database["users"].insert_one({**caller, "_id": self.caller})
        chance, now = random.Random(7), time.time()  # noqa: S311
        users = self.database.light("users")
        for first in range(1, self.members + 1, CHUNK):
            last = min(first + CHUNK, self.members + 1)
            await users.insert_many([member(n, chance, now) for n in range(first, last)], ordered=False)
            progress(f"{last - 1:,} of {self.members:,} members")
        for first in range(0, self.suburbs, CHUNK):
            numbers = range(first, min(first + CHUNK, self.suburbs))
            names = {place(n): [f"{n} STREET {s}" for s in range(STREETS_OF_SUBURB)] for n in numbers}
            await self.stores.gazetteer.add(names)
            progress(f"streets of {numbers[-1] + 1:,} of {self.suburbs:,} suburbs")

    def asks(self) -> Iterator[tuple[str, Ask]]:
        """Name what is measured; a lease of 0 s lets members be called over and over."""
        gazetteer, calls = self.stores.gazetteer, self.stores.calls

        async def suburbs(chance: random.Random) -> object:
            return await gazetteer.suburbs(*place(chance.randrange(self.suburbs))[:2])

        async def streets(chance: random.Random) -> object:
            return await gazetteer.streets(*place(chance.randrange(self.suburbs)))

        async def anywhere(_: random.Random) -> object:
            return await calls.hand_out(Search(self.caller, since_answered=WEEK), 0)

        async def in_state(_: random.Random) -> object:
            return await calls.hand_out(Search(self.caller, "vic", since_answered=WEEK), 0)

        yield "get_suburbs", suburbs
        yield "get_streets", streets
        yield "get_next_member", anywhere
        yield "get_next_member of a state", in_state

    async def explain(self) -> Mapping[str, Any]:
        """Ask the database how it finds a suburb, its streets, and the next member."""
        country, postcode, suburb = place(self.suburbs // 2)
        key = {"country": country, "postcode": postcode}
        commands: dict[str, Document] = {
            "get_suburbs": {"find": "suburbs", "filter": key, "limit": 1},
            "get_streets": {"find": "streets", "filter": {**key, "suburb": suburb}, "limit": 1},
        }
        for name, state in (("get_next_member", None), ("get_next_member of a state", "vic")):
            search = Search(self.caller, state, since_answered=WEEK, since_any=WEEK)
            commands[name] = {
                "findAndModify": "users",
                "query": search.query(time.time()),
                "sort": dict.fromkeys(ORDER, 1),
                "update": {"$set": {"phone_bank.call_id": 1}},
                "hint": dict(search.hint()),
            }
        return {name: await self.describe(command) for name, command in commands.items()}

    async def describe(self, command: Document) -> Mapping[str, Any]:
        """Run a command for its plan alone; return its stages and what it looked at."""
        answer = await self.database.handle.command({"explain": command, "verbosity": "executionStats"})
        found = answer["executionStats"]
        return {
            "stages": " ".join(sorted(set(stages(found["executionStages"])))),
            "keys": found["totalKeysExamined"],
            "documents": found["totalDocsExamined"],
        }


def stages(plan: Mapping[str, Any]) -> Iterator[str]:
    """Name the stages of a plan."""
    yield plan["stage"]
    for below in (plan.get("inputStage"), *plan.get("inputStages", ())):
        if below is not None:
            yield from stages(below)


async def compare(small: Ask, full: Ask) -> dict[str, float]:
    """Ask both towns in turn, so that whatever else the machine does slows both; p50 in milliseconds."""
    chance = random.Random(11)  # noqa: S311
    times: tuple[list[float], list[float]] = [], []
    for turn in range(WARM_UP + ROUNDS):
        for ask, taken in zip((small, full), times, strict=True):
            started = time.perf_counter()
            if not await ask(chance):
                raise RuntimeError("nothing was found")
            if turn >= WARM_UP:
                taken.append((time.perf_counter() - started) * 1000)
    few, many = map(statistics.median, times)
    return {"p50_ms_small": few, "p50_ms_full": many, "ratio": many / few}


async def measure(uri: str, progress: Progress, members: int, streets: int) -> dict[str, Any]:
    """Build a small town and one of full size, and ask both the same."""
    towns = []
    for name, people, roads in (("small", FEW, FEW), ("full", members, streets)):
        town = Town(Database.connect(uri, f"bench_{name}"), people, roads)
        await town.build(progress)
        towns.append(town)
    small, full = towns
    found: dict[str, Any] = {}
    plans = await full.explain()
    for (name, ask), (_, other) in zip(small.asks(), full.asks(), strict=True):
        progress(name)
        found[name] = {**await compare(ask, other), **plans[name]}
    for town in towns:
        await town.database.close()
    return {"members": members, "streets": streets, **found}


async def run(progress: Progress, *, members: int = 500_000, streets: int = 1_000_000) -> dict[str, Any]:
    """Measure over a mongod of its own; the ratios belong under 1.5."""
    with tempfile.TemporaryDirectory() as folder, join(Path(folder)) as lease:
        return await measure(lease.uri, progress, members, streets)
