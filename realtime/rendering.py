"""Publishes messages that have to be looked up first: in their order, and without holding up any others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from realtime.channels import Publication, Rendering

MOST = 100  # messages that are looked up together
PAUSE = 0.5  # seconds until what failed to be looked up is tried again

Publish = Callable[[str, Publication], None]

log = logging.getLogger(__name__)


class Renderer:
    """The messages of one namespace that wait for what they say.

    A client that subscribes meanwhile finds them in the history; the hub drops what it has by then.
    """

    def __init__(
        self,
        space: Rendering,
        publish: Publish,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._space = space
        self._publish = publish
        self._sleep = sleep
        self._waiting: list[tuple[str, Publication]] = []
        self._filled = asyncio.Event()

    def add(self, channel: str, publication: Publication) -> None:
        """Hand in the next message."""
        self._waiting.append((channel, publication))
        self._filled.set()

    def clear(self) -> None:
        """Drop what waits: everybody is about to subscribe anew, and reads it from the history."""
        self._waiting.clear()

    async def run(self) -> None:
        """Publish what comes, until cancelled."""
        while True:
            await self._filled.wait()
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            if not batch:
                self._filled.clear()
                continue
            try:
                rendered = await self._space.render([publication for _, publication in batch])
            except Exception as error:
                log.warning("messages of %s cannot be looked up: %r; trying again", batch[0][0], error)
                self._waiting[:0] = batch
                await self._sleep(PAUSE)
                continue
            for (channel, _), publication in zip(batch, rendered, strict=True):
                self._publish(channel, publication)
