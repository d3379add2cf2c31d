"""A change on one server reaches the subscribers of another, through a client that nobody here wrote."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from centrifuge import Client, PublicationContext, SubscriptionEventHandler

from tests.serving import Api, ServerProcess


class Listener(SubscriptionEventHandler):
    """Collects publications."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[tuple[int, Any]] = asyncio.Queue()

    async def on_publication(self, ctx: PublicationContext) -> None:
        """Keep one."""
        await self.heard.put((ctx.pub.offset, ctx.pub.data))

    async def until(self, matches: Callable[[Any], bool]) -> list[int]:
        """Wait for a publication that matches; return the offsets heard on the way."""
        offsets = []
        async with asyncio.timeout(10):
            while True:
                offset, data = await self.heard.get()
                offsets.append(offset)
                if matches(data):
                    return offsets


@asynccontextmanager
async def listening(url: str, channel: str) -> AsyncIterator[Listener]:
    """Subscribe with the Python SDK."""
    client, listener = Client(url), Listener()
    await client.connect()
    await client.new_subscription(channel, listener).subscribe()
    yield listener
    await client.disconnect()


async def test_a_vote_on_one_process_reaches_a_subscriber_on_another(
    launch: Callable[..., ServerProcess],
) -> None:
    one, other = launch(), launch()
    member = await (api := Api(one.url)).register("ann@example.com")
    async with listening(other.socket_url, "polls:1") as listener:
        offsets = await listener.until(lambda tally: tally["total"] == 0)
        for option in ("100", "101", "102"):
            body = {"s": member["s"], "poll_id": 1, "option_id": option}
            cast = await api.post("/api/v0/iiccot/cast_vote", body)
            offsets += await listener.until(lambda tally, now=cast.json["stats"]: tally["stats"] == now)  # type: ignore[misc]
    assert offsets == sorted(set(offsets))


async def test_a_registration_reaches_the_member_counters(launch: Callable[..., ServerProcess]) -> None:
    one, other = launch(), launch()
    async with listening(other.socket_url, "stats:members") as listener:
        await listener.until(lambda counters: counters["n_members_raw"] == 0)
        await Api(one.url).register("ann@example.com", onAECRoll=True, volunteer=True)
        await listener.until(lambda counters: counters["n_members"] == counters["n_volunteers"] == 1)
