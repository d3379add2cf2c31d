"""Keeps the histories of channels short, whichever process wrote to them."""

from __future__ import annotations

import asyncio
import logging

from storage.changes import Change
from storage.driver import PyMongoError
from storage.outbox import Outbox

SHARE = 10  # a channel is trimmed when it has grown by this part of its size
PAUSE = 0.5  # seconds between rounds: trimming is never urgent, reading looks at the bounds itself

log = logging.getLogger(__name__)


class Trimming:
    """Trims the channels that committed messages have made too long; `note` them, and let it `run`."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._step = max(1, outbox.retention.size // SHARE)
        self._due: set[str] = set()
        self._grown = asyncio.Event()

    def note(self, change: Change | None) -> None:
        """Take note of a change of the outbox; None stands for missed ones."""
        if change is None or change.operation != "insert" or change.document is None:
            return
        offset = change.document["offset"]
        if offset > self._outbox.retention.size and offset % self._step == 0:
            self._due.add(change.document["channel"])
            self._grown.set()

    async def run(self) -> None:
        """Trim what is due, until cancelled."""
        while True:
            await self._grown.wait()
            self._grown.clear()
            await self.trim_due()
            await asyncio.sleep(PAUSE)

    async def trim_due(self) -> None:
        """Trim the channels that were noted."""
        due, self._due = self._due, set()
        for channel in due:
            try:
                await self._outbox.trim(channel)
            except PyMongoError as error:
                log.warning("trimming %s failed: %r; its next message has another try", channel, error)
