"""Somebody who listens to live channels, through a client that nobody here wrote."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from centrifuge import Client, ClientEventHandler, Subscription, SubscriptionEventHandler

LONGEST_WAIT = 20  # seconds


class Watcher(ClientEventHandler, SubscriptionEventHandler):
    """Notes what the client tells its application: of a connection, of subscriptions, or of both.

    `events` are all of it in order, which `next` walks through; `heard` are offset and data of the
    publications, `subscribed` the answers, `codes` why subscribing began or ended.
    """

    def __init__(self) -> None:
        self.events: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self.heard: list[tuple[int, Any]] = []
        self.codes: list[int] = []
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

    async def on_connecting(self, ctx: Any) -> None:
        await self._note("connecting", ctx)

    async def on_connected(self, ctx: Any) -> None:
        await self._note("connected", ctx)

    async def on_disconnected(self, ctx: Any) -> None:
        await self._note("disconnected", ctx)

    async def on_subscribing(self, ctx: Any) -> None:
        self.codes.append(ctx.code)
        await self._note("subscribing", ctx)

    async def on_subscribed(self, ctx: Any) -> None:
        self.subscribed.append(ctx)
        await self._note("subscribed", ctx)

    async def on_unsubscribed(self, ctx: Any) -> None:
        self.codes.append(ctx.code)
        await self._note("unsubscribed", ctx)

    async def on_publication(self, ctx: Any) -> None:
        self.heard.append((ctx.pub.offset, ctx.pub.data))
        await self._note("publication", ctx.pub)

    async def _note(self, name: str, context: Any) -> None:
        self.events.put_nowait((name, context))
        async with self._changed:
            self._changed.notify_all()

    async def next(self, name: str) -> Any:
        """Wait for the next event of this name; others before it are passed over."""
        async with asyncio.timeout(LONGEST_WAIT):
            while True:
                found, context = await self.events.get()
                if found == name:
                    return context

    async def until(self, true: Callable[[Watcher], bool]) -> Watcher:
        """Wait until something is true."""
        async with asyncio.timeout(LONGEST_WAIT), self._changed:
            await self._changed.wait_for(lambda: true(self))
        return self

    async def count(self, number: int) -> list[Any]:
        """Wait for a number of publications; return what they say."""
        return (await self.until(lambda watcher: len(watcher.heard) >= number)).said


@asynccontextmanager
async def connecting(
    url: str, token: str = "", watcher: Watcher | None = None, **options: Any
) -> AsyncIterator[Client]:
    """Run a client that shows a credential, or none."""
    client = Client(url, events=watcher, token=token, proxy=None, min_reconnect_delay=0.01, **options)
    await client.connect()
    try:
        yield client
    finally:
        await client.disconnect()
        while client._background_tasks:
            await asyncio.gather(*client._background_tasks, return_exceptions=True)


@asynccontextmanager
async def connected(url: str, token: str = "", **options: Any) -> AsyncIterator[tuple[Client, Watcher]]:
    """Run a client and watch it; enter when it is connected."""
    watcher = Watcher()
    async with connecting(url, token, watcher, **options) as client:
        await watcher.next("connected")
        yield client, watcher


async def watch(client: Client, channel: str, watcher: Watcher | None = None) -> tuple[Watcher, Subscription]:
    """Subscribe and wait for the answer, whatever it is."""
    watcher = watcher or Watcher()
    answers = len(watcher.subscribed), len(watcher.codes)
    subscription = client.new_subscription(channel, watcher, min_resubscribe_delay=0.01)
    await subscription.subscribe()
    await watcher.until(lambda each: len(each.subscribed) > answers[0] or len(each.codes) > answers[1] + 1)
    return watcher, subscription


@asynccontextmanager
async def watching(url: str, token: str, channel: str) -> AsyncIterator[Watcher]:
    """Listen to one channel with a credential, or with none."""
    async with connecting(url, token) as client:
        yield (await watch(client, channel))[0]
