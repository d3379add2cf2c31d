"""Founds the demo community in an empty database: members, a poll, comics, projects, events."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from typing import Literal

from scripts.demo.comics import found_comics
from scripts.demo.events import found_events
from scripts.demo.people import PLACES, STREETS, invent
from scripts.demo.projects import found_projects
from storage.community import Community
from storage.driver import ObjectId
from storage.errors import Taken
from storage.gazetteer import Suburb
from storage.polls import FIRST_POLL
from storage.stores import Stores

Size = Literal["small", "large"]
Report = Callable[[int, int], None]

SIZES: dict[Size, int] = {"small": 60, "large": 20_000}
RELEASES: dict[Size, int] = {"small": 6, "large": 200}  # of each comic
RUNS: dict[Size, int] = {"small": 50, "large": 1000}  # contributions to projects
NOTHING = dict.fromkeys(
    ("members", "votes", "comics", "releases", "projects", "contributions", "events", "interactions"), 0
)
SEED = 8888
GROUP = 500  # people of one transaction
BALLOT = 256  # votes handed in at once
TURNOUT = 0.75
QUESTION = "Which issue should the folkmoot take up first?"
OPTIONS = {
    "100": "Affordable housing",
    "101": "Public transport",
    "102": "Clean rivers",
    "103": "Hospitals close to home",
    "104": "Schools and libraries",
    "105": "Open government",
    "106": "Digital rights",
    "107": "Something else",
}
POPULARITY = (18, 13, 11, 16, 12, 15, 9, 6)


def ignore(_done: int, _total: int) -> None:
    """Report progress to nobody."""


async def populate(
    stores: Stores, size: Size = "small", *, clock: Callable[[], float] = time.time, report: Report = ignore
) -> dict[str, int]:
    """Found the community and say what was made; where somebody is already, nothing is.

    Names, places and votes are the same each time, secrets never are.
    """
    community, chance = Community(stores.database), random.Random(SEED)  # noqa: S311
    members: list[ObjectId] = []
    if not await community.is_empty():
        return dict(NOTHING)
    total, now = SIZES[size], clock()
    for start in range(0, total, GROUP):
        numbers = range(start + 1, min(start + GROUP, total) + 1)
        try:
            members += await community.settle([invent(chance, n, now=now) for n in numbers], "founder")
        except Taken:
            if start:
                raise
            return dict(NOTHING)  # another process founds it in the same moment
        report(len(members), 2 * total)
    await stores.gazetteer.add(survey())
    await stores.polls.create(FIRST_POLL, OPTIONS, QUESTION)
    votes = await vote(stores, members, chance, lambda done: report(total + done, 2 * total))
    await stores.statistics.count()
    await stores.statistics.figure()
    made = {"members": len(members), "votes": votes, **await found_comics(stores, RELEASES[size], now)}
    made |= await found_projects(stores, members, RUNS[size])
    return {**made, **await found_events(stores, members, now)}


def survey() -> dict[Suburb, tuple[str, ...]]:
    """Return the suburbs that members live in, with the streets there, as the gazetteer spells them."""
    streets = tuple(street.upper() for street in STREETS)
    return {
        Suburb(place.country, place.postcode, f"{place.suburb} ({state})".upper()): streets
        for state, places in PLACES.items()
        for place in places
        if place.postcode and place.country == "au"
    }


async def vote(
    stores: Stores, members: Sequence[ObjectId], chance: random.Random, report: Callable[[int], None]
) -> int:
    """Let most of the members vote, as anybody votes; return how many did."""
    votes = 0
    for start in range(0, len(members), BALLOT):
        voters = [member for member in members[start : start + BALLOT] if chance.random() < TURNOUT]
        choices = chance.choices(list(OPTIONS), POPULARITY, k=len(voters))
        await asyncio.gather(
            *(
                stores.polls.cast(FIRST_POLL, voter, choice)
                for voter, choice in zip(voters, choices, strict=True)
            )
        )
        votes += len(voters)
        report(min(start + BALLOT, len(members)))
    return votes
