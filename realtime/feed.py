"""Turns the stream of committed changes into publications, and never gives up on it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import NoReturn, Protocol

from realtime.channels import Change, Guarded, Namespace, Publication, Rendering, channel_name
from realtime.hub import Hub
from realtime.rechecking import Rechecker
from realtime.rendering import Renderer

FIRST_PAUSE = 0.1  # seconds
LONGEST_PAUSE = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lost:
    """Changes may have been missed before this point of the stream."""


class Source(Protocol):
    """Where committed changes come from.

    It remembers its position, so that a second `follow` goes on after the last change that was taken.
    Wherever it listens from a new position (at the very first time too), it yields Lost first: once it
    already listens, so that whatever is read from then on and the stream leave no gap.
    """

    def follow(self, collections: frozenset[str]) -> AsyncIterator[Change | Lost]:
        """Yield the changes of the collections, in order, without end."""


class Feed:
    """Follows the collections of all namespaces and publishes what they make of the changes.

    `restarts` and `resyncs` count what went wrong; `lag` is how long changes have not been flowing.
    """

    def __init__(
        self,
        hub: Hub,
        source: Source,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._hub = hub
        self._source = source
        self._monotonic = monotonic
        self._sleep = sleep
        self._by_collection: dict[str, list[Namespace]] = defaultdict(list)
        for space in hub.namespaces:
            for collection in space.collections:
                self._by_collection[collection].append(space)
        self._renderers = {
            space.name: Renderer(space, hub.publish, sleep=sleep)
            for space in hub.namespaces
            if isinstance(space, Rendering)
        }
        self._rechecker = Rechecker(hub, sleep=sleep)
        self._pause = FIRST_PAUSE
        self._down_since: float | None = monotonic()
        self.changes = 0
        self.restarts = 0
        self.resyncs = 0

    @property
    def lag(self) -> float:
        """Return for how many seconds nothing has been heard for sure; 0 while changes flow."""
        return 0.0 if self._down_since is None else self._monotonic() - self._down_since

    async def run(self) -> None:
        """Follow the changes until cancelled; whatever fails is tried again after a growing pause."""
        async with asyncio.TaskGroup() as group:
            for renderer in self._renderers.values():
                group.create_task(renderer.run())
            group.create_task(self._rechecker.run())
            await self._follow()

    async def _follow(self) -> NoReturn:
        while True:
            try:
                async for change in self._source.follow(frozenset(self._by_collection)):
                    await self._take(change)
                log.warning("the stream of changes ended; following it again")
            except Exception as error:
                log.warning("the stream of changes failed: %r; following it again", error)
            self.restarts += 1
            self._go_down()
            await self._back_off()

    async def _take(self, change: Change | Lost) -> None:
        if isinstance(change, Lost):
            self._go_down()
            for renderer in self._renderers.values():
                renderer.clear()
            await self._resync()
            self._rechecker.doubt_everything()
        else:
            self._project(change)
        self._down_since = None
        self._pause = FIRST_PAUSE

    def _go_down(self) -> None:
        if self._down_since is None:
            self._down_since = self._monotonic()

    async def _back_off(self) -> None:
        await self._sleep(self._pause)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    async def _resync(self) -> None:
        """Read everything anew until it works: the source will not ask for it twice."""
        while True:
            self.resyncs += 1
            try:
                await self._hub.resync()
            except Exception as error:
                log.warning("reading the subscribed channels anew failed: %r; trying again", error)
                await self._back_off()
            else:
                return

    def _project(self, change: Change) -> None:
        self.changes += 1
        for space in self._by_collection.get(change.collection, ()):
            try:
                for key, publication in space.project(change):
                    self._publish(space, channel_name(space, key), publication)
                if isinstance(space, Guarded):
                    for doubt in space.doubts(change):
                        self._rechecker.note(space, doubt)
            except Exception:
                # One odd document must not silence everything else.
                log.exception("%s cannot project a change of %s", space.name, change.collection)

    def _publish(self, space: Namespace, name: str, publication: Publication | None) -> None:
        renderer = self._renderers.get(space.name)
        if renderer is None or publication is None:
            self._hub.publish(name, publication)
        elif name in self._hub.channels:  # whoever subscribes later reads the history
            renderer.add(name, publication)
