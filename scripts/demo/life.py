"""Keeps the demo community moving: members vote, contribute and sign up, some join, comics come out.

It may go on for weeks: whatever comes beyond a bound takes the place of something that goes.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence
from typing import NoReturn

from scripts.demo.comics import bring_out
from scripts.demo.events import attend
from scripts.demo.founding import OPTIONS, POPULARITY
from scripts.demo.people import invent_newcomer
from scripts.demo.projects import volunteer
from storage.community import Community
from storage.driver import ObjectId, PyMongoError
from storage.errors import StorageError
from storage.polls import FIRST_POLL
from storage.stores import Stores

log = logging.getLogger(__name__)

PACE = 3.0  # deeds a second, on average
# Shares of deeds that are no vote.
JOINING, RELEASING, VOLUNTEERING, ATTENDING = 0.04, 0.01, 0.15, 0.15
MOST_NEWCOMERS = 300
REST = 5.0  # seconds after something went wrong, or while there is nobody


async def animate(
    stores: Stores,
    *,
    chance: random.Random | None = None,
    pace: float = PACE,
    most: int = MOST_NEWCOMERS,
    clock: Callable[[], float] = time.time,
) -> NoReturn:
    """Live for ever, whatever the database does meanwhile; only demo members take part."""
    chance = chance or random.Random()  # noqa: S311
    life = Life(stores, chance, most, clock)
    crowd: Sequence[ObjectId] = ()
    while True:
        pause = REST
        try:
            crowd = crowd or await life.gather()
            if crowd:
                if await life.act(crowd):
                    crowd = ()
                pause = chance.expovariate(pace)
        except (StorageError, PyMongoError) as error:
            log.warning("demo: %s; going on in %d s", type(error).__name__, REST)
            crowd = ()  # somebody may have been deleted
        await asyncio.sleep(pause)


class Life:
    """What demo members do, one deed at a time."""

    def __init__(self, stores: Stores, chance: random.Random, most: int, clock: Callable[[], float]) -> None:
        self._stores = stores
        self._community = Community(stores.database)
        self._chance = chance
        self._most = most
        self._clock = clock

    async def gather(self) -> list[ObjectId]:
        """Return everybody who may take part."""
        return await self._community.residents("founder", "newcomer")

    async def act(self, crowd: Sequence[ObjectId]) -> bool:
        """Do one thing; tell whether the crowd is another by it."""
        deed = self._chance.random()
        if deed < JOINING:
            return await self.join()
        if deed < JOINING + RELEASING:
            await bring_out(self._stores, self._chance, self._clock())
            return False
        if deed < JOINING + RELEASING + VOLUNTEERING:
            await volunteer(self._stores, crowd, self._chance)
            return False
        if deed < JOINING + RELEASING + VOLUNTEERING + ATTENDING:
            await attend(self._stores, crowd, self._chance)
            return False
        (choice,) = self._chance.choices(list(OPTIONS), POPULARITY)
        await self._stores.polls.cast(FIRST_POLL, self._chance.choice(crowd), choice)
        return False

    async def join(self) -> bool:
        """Let somebody new join the roll, or, once there are enough, the longest of them leave for good."""
        newcomers = await self._community.residents("newcomer")
        if len(newcomers) < self._most:
            await self._community.settle([invent_newcomer(self._chance, now=self._clock())], "newcomer")
        else:
            await self._stores.deletion.delete(newcomers[0])
            await self._community.forget(newcomers[0])
        return True
