"""The hub spoken to by `centrifuge-python`, a client that nobody here wrote."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from centrifuge import (
    CentrifugeError,
    Client,
    ClientEventHandler,
    ReplyError,
    Subscription,
    SubscriptionEventHandler,
)

from realtime.codes import CloseCode
from realtime.limits import Limits
from tests.realtime.conftest import LiveServer, Serve
from tests.realtime.doubles import make_state

INSTANT = Limits(conflation_ms=0)


class Diary(ClientEventHandler, SubscriptionEventHandler):
    """Notes what the client tells its application."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    def note(self, name: str, context: Any) -> None:
        """Note an event."""
        self.events.put_nowait((name, context))

    async def on_connected(self, ctx: Any) -> None:
        self.note("connected", ctx)

    async def on_connecting(self, ctx: Any) -> None:
        self.note("connecting", ctx)

    async def on_disconnected(self, ctx: Any) -> None:
        self.note("disconnected", ctx)

    async def on_subscribed(self, ctx: Any) -> None:
        self.note("subscribed", ctx)

    async def on_subscribing(self, ctx: Any) -> None:
        self.note("subscribing", ctx)

    async def on_unsubscribed(self, ctx: Any) -> None:
        self.note("unsubscribed", ctx)

    async def on_publication(self, ctx: Any) -> None:
        self.note("publication", ctx.pub)

    async def next(self, name: str) -> Any:
        """Wait for the next event of this name; others before it are passed over."""
        while True:
            found, context = await asyncio.wait_for(self.events.get(), 5)
            if found == name:
                return context


@asynccontextmanager
async def follow(live: LiveServer, diary: Diary, **options: Any) -> AsyncIterator[Client]:
    """Run a client."""
    client = Client(live.url, events=diary, proxy=None, min_reconnect_delay=0.01, **options)
    await client.connect()
    try:
        yield client
    finally:
        await client.disconnect()
        while client._background_tasks:
            await asyncio.gather(*client._background_tasks, return_exceptions=True)


async def subscribe(client: Client, diary: Diary, channel: str = "polls:1") -> Subscription:
    """Subscribe and wait for the current state."""
    subscription = client.new_subscription(channel, events=diary, min_resubscribe_delay=0.01)
    await subscription.subscribe()
    return subscription


async def test_a_client_connects_subscribes_and_hears(serve: Serve) -> None:
    live, diary = await serve(INSTANT), Diary()
    async with follow(live, diary) as client:
        connected = await diary.next("connected")
        assert (len(connected.client), connected.version) == (36, "folkmoot 0.1.0")
        await subscribe(client, diary)
        subscribed = await diary.next("subscribed")
        assert (subscribed.recoverable, subscribed.stream_position.epoch) == (True, "e")
        assert (await diary.next("publication")).data == {"version": 1, "filler": ""}
        live.hub.publish("polls:1", make_state(2))
        publication = await diary.next("publication")
        assert (publication.data["version"], publication.offset) == (2, 2)


async def test_a_client_whose_line_is_cut_comes_back_and_hears_what_it_missed(serve: Serve) -> None:
    live, diary = await serve(INSTANT), Diary()
    async with follow(live, diary) as client:
        await subscribe(client, diary)
        await diary.next("publication")
        protocol = live.handlers[0].ws_connection
        assert protocol is not None
        live.polls.states["1"] = make_state(5)
        assert protocol.stream is not None
        protocol.stream.close()
        resubscribed = await diary.next("subscribed")
        assert (resubscribed.was_recovering, resubscribed.recovered) == (True, True)
        assert (await diary.next("publication")).offset == 5


async def test_a_client_that_missed_nothing_is_not_sent_the_state_again(serve: Serve) -> None:
    live, diary = await serve(INSTANT), Diary()
    async with follow(live, diary) as client:
        await subscribe(client, diary)
        await diary.next("publication")
        await live.hub.disconnect(lambda _: True, CloseCode.CLOSED)
        assert (await diary.next("subscribed")).recovered
        live.hub.publish("polls:1", make_state(2))
        assert (await diary.next("publication")).offset == 2


async def test_a_client_follows_a_server_that_restarts(serve: Serve) -> None:
    live, diary = await serve(INSTANT), Diary()
    async with follow(live, diary) as client:
        await subscribe(client, diary)
        await diary.next("publication")
        await live.stop()
        again = await serve(INSTANT, port=live.port)
        await diary.next("subscribed")
        again.hub.publish("polls:1", make_state(2))
        assert (await diary.next("publication")).offset == 2


async def test_a_subscription_that_the_server_ends_is_asked_for_again_and_refused(serve: Serve) -> None:
    live, diary = await serve(), Diary()
    async with follow(live, diary) as client:
        await subscribe(client, diary)
        await diary.next("publication")
        del live.polls.states["1"]
        live.hub.publish("polls:1", None)
        assert (await diary.next("unsubscribed")).code == 102


async def test_a_forbidden_channel_is_refused(serve: Serve) -> None:
    live, diary = await serve(), Diary()
    async with follow(live, diary) as client:
        await subscribe(client, diary, "polls:secret")
        assert (await diary.next("unsubscribed")).code == 103


async def test_a_client_with_a_bad_token_gives_up(serve: Serve) -> None:
    live, diary = await serve(), Diary()
    async with follow(live, diary, token="nonsense"):
        assert (await diary.next("disconnected")).code == 3500


async def test_a_client_with_an_expired_token_gets_another(serve: Serve) -> None:
    live, diary = await serve(), Diary()

    async def get_token() -> str:
        return "user:7"

    async with follow(live, diary, token="expired", get_token=get_token):
        await diary.next("connected")
        (connection,) = [each for each in live.hub.connections if not each.closed]
        assert connection.identity is not None
        assert connection.identity.user == "7"


async def test_a_client_refreshes_its_token_before_the_server_closes(serve: Serve) -> None:
    live, diary = await serve(), Diary()
    refreshed = asyncio.Event()

    async def get_token() -> str:
        refreshed.set()
        return "user:7"

    soon = live.hub.clock() + 0.5
    async with follow(live, diary, token=f"user:7:{soon}", get_token=get_token) as client:
        await diary.next("connected")
        await asyncio.wait_for(refreshed.wait(), 5)
        assert (await client.rpc("time", {})).data["time"] >= soon
        (connection,) = live.hub.connections
        assert connection.expires_at == float("inf")


async def test_a_client_calls_procedures_and_hears_what_is_not_there(serve: Serve) -> None:
    live, diary = await serve(), Diary()
    async with follow(live, diary) as client:
        await diary.next("connected")
        assert (await client.rpc("channels", {})).data == {"channels": ["polls:1", "polls:2"]}
        await client.new_subscription("polls:1").subscribe()
        stats = await client.presence_stats("polls:1")
        assert (stats.num_clients, stats.num_users) == (1, 1)
        for call, code in (
            (client.history("polls:1"), 108),
            (client.presence("polls:1"), 103),
            (client.publish("polls:1", {}), 103),
            (client.rpc("dance", {}), 104),
        ):
            with pytest.raises(CentrifugeError) as caught:
                await call
            assert isinstance(caught.value, ReplyError)
            assert caught.value.code == code


async def test_pings_are_answered_by_the_client(serve: Serve) -> None:
    live, diary = await serve(Limits(ping_seconds=0.1, pong_seconds=0.3)), Diary()
    async with follow(live, diary) as client:
        await diary.next("connected")
        for _ in range(6):
            while await asyncio.wait_for(live.handlers[0].heard.get(), 5) != "{}":
                pass
        assert (await client.rpc("time", {})).data["time"] > 0
