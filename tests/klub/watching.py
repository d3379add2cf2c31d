"""Somebody who listens to live channels, through a client that nobody here wrote."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from centrifuge import Client, Subscription, SubscriptionEventHandler

from tests.klub.callers import Someone

LONGEST_WAIT = 10  # seconds


class Watcher(SubscriptionEventHandler):
    """Collects what one subscription hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, Any]] = []
        self.codes: list[int] = []  # with which subscribing ended or began anew
        self.subscribed: list[Any] = []
        self._changed = asyncio.Condition()

    @property
    def offsets(self) -> list[int]:
        """Return the offsets that were heard."""
        return [offset for offset, _ in self.heard]

    @property
    def said(self) -> list[Any]:
        """Return what was heard."""
        return [data for _, data in self.heard]

    async def on_publication(self, ctx: Any) -> None:
        """Keep a publication."""
        self.heard.append((ctx.pub.offset, ctx.pub.data))
        await self._tell()

    async def on_subscribed(self, ctx: Any) -> None:
        """Keep the reply."""
        self.subscribed.append(ctx)
        await self._tell()

    async def on_subscribing(self, ctx: Any) -> None:
        """Keep why it begins."""
        self.codes.append(ctx.code)
        await self._tell()

    async def on_unsubscribed(self, ctx: Any) -> None:
        """Keep why it is over."""
        self.codes.append(ctx.code)
        await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, true: Callable[[Watcher], bool]) -> Watcher:
        """Wait until something is true."""
        async with asyncio.timeout(LONGEST_WAIT), self._changed:
            await self._changed.wait_for(lambda: true(self))
        return self

    async def count(self, number: int) -> list[Any]:
        """Wait for a number of publications; return what they say."""
        return (await self.until(lambda watcher: len(watcher.heard) >= number)).said


@asynccontextmanager
async def connecting(url: str, who: Someone) -> AsyncIterator[Client]:
    """Connect as somebody."""
    token = who.headers.get("Authorization", "").removeprefix("Bearer ")
    client = Client(url, token=token, proxy=None, min_reconnect_delay=0.01)
    await client.connect()
    try:
        yield client
    finally:
        await client.disconnect()
        while client._background_tasks:
            await asyncio.gather(*client._background_tasks, return_exceptions=True)


async def watch(client: Client, channel: str) -> tuple[Watcher, Subscription]:
    """Subscribe and wait for the answer, whatever it is."""
    watcher = Watcher()
    subscription = client.new_subscription(channel, watcher, min_resubscribe_delay=0.01)
    await subscription.subscribe()
    await watcher.until(lambda each: bool(each.subscribed) or len(each.codes) > 1)
    return watcher, subscription


@asynccontextmanager
async def watching(url: str, who: Someone, channel: str) -> AsyncIterator[Watcher]:
    """Listen to one channel as somebody."""
    async with connecting(url, who) as client:
        yield (await watch(client, channel))[0]
