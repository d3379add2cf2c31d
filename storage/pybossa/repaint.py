"""Keeps the top list in step with what people call themselves, in whichever dialect they change it."""

from __future__ import annotations

import asyncio
import logging

from storage.changes import Change
from storage.driver import PyMongoError
from storage.errors import Busy
from storage.pybossa.ranking import Ranking

PAUSE = 0.1  # seconds in which further changes join the same look
LATER = 1.0  # seconds until what failed is tried again

log = logging.getLogger(__name__)


class Repaint:
    """Looks at the top list after changes of people; `note` them, and let it `run`."""

    def __init__(self, ranking: Ranking) -> None:
        self._ranking = ranking
        self._noted = asyncio.Event()

    def note(self, change: Change | None) -> None:
        """Take note of a change of a person; None stands for missed ones."""
        if change is None or change.operation == "update":
            self._noted.set()

    async def run(self) -> None:
        """Look whenever somebody changed, until cancelled."""
        while True:
            await self._noted.wait()
            await asyncio.sleep(PAUSE)
            self._noted.clear()
            try:
                await self._ranking.freshen()
            except (PyMongoError, Busy) as error:
                log.warning("the top list: %s; looking again", type(error).__name__)
                await asyncio.sleep(LATER)
                self._noted.set()
