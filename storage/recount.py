"""Keeps the figures of `public_stats` fresh: soon after a change, and the wide ones now and then."""

from __future__ import annotations

import asyncio
import logging
import random
import time

from storage.driver import PyMongoError, Timestamp
from storage.errors import Busy
from storage.statistics import Statistics

log = logging.getLogger(__name__)

PAUSE = 0.1  # seconds in which further changes join the same computation
SHARE = 2  # pauses last at least this many times as long as a computation took


class Recount:
    """Recomputes the counters after changes; of several processes the first one to come does it for all."""

    def __init__(self, statistics: Statistics, interval: float) -> None:
        self._statistics = statistics
        self._interval = interval
        self._newest: Timestamp | None = None
        self._touched = asyncio.Event()
        self._took = 0.0

    def touch(self, at: Timestamp | None = None) -> None:
        """Note that a counted field may have changed; `at` is the commit's cluster time."""
        if at is not None and (self._newest is None or at > self._newest):
            self._newest = at
        self._touched.set()

    async def run(self) -> None:
        """Recompute whenever something changed, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow())
            tasks.create_task(self._refigure())

    async def _follow(self) -> None:
        while True:
            await self._touched.wait()
            # A little chance in the pause, so that processes which saw the same change don't all count.
            await asyncio.sleep(max(PAUSE, SHARE * self._took) + random.random() * PAUSE)  # noqa: S311
            self._touched.clear()
            if not await self._attempt():
                self._touched.set()

    async def _attempt(self) -> bool:
        started = time.monotonic()
        try:
            await self._statistics.count(self._newest)
        except (PyMongoError, Busy) as error:
            log.warning("member counters: %s; trying again", type(error).__name__)
            return False
        self._took = min(time.monotonic() - started, 0.3)
        return True

    async def _refigure(self) -> None:
        while True:
            try:
                await self._statistics.figure()
            except (PyMongoError, Busy) as error:
                log.warning("public figures: %s; trying again later", type(error).__name__)
            await asyncio.sleep(self._interval)
