"""The hub spoken to by `centrifuge-python`, a client that nobody here wrote."""

from __future__ import annotations

import asyncio

import pytest
from centrifuge import CentrifugeError, ReplyError

from realtime.codes import CloseCode
from realtime.limits import Limits
from tests.realtime.conftest import Serve
from tests.realtime.doubles import make_state
from tests.realtime.watching import Watcher, connecting, watch

INSTANT = Limits(conflation_ms=0)


async def test_a_client_connects_subscribes_and_hears(serve: Serve) -> None:
    live, watcher = await serve(INSTANT), Watcher()
    async with connecting(live.url, watcher=watcher) as client:
        connected = await watcher.next("connected")
        assert (len(connected.client), connected.version) == (36, "folkmoot 0.1.0")
        await watch(client, "polls:1", watcher)
        subscribed = await watcher.next("subscribed")
        assert (subscribed.recoverable, subscribed.stream_position.epoch) == (True, "e")
        assert (await watcher.next("publication")).data == {"version": 1, "filler": ""}
        live.hub.publish("polls:1", make_state(2))
        publication = await watcher.next("publication")
        assert (publication.data["version"], publication.offset) == (2, 2)


async def test_a_client_whose_line_is_cut_comes_back_and_hears_what_it_missed(serve: Serve) -> None:
    live, watcher = await serve(INSTANT), Watcher()
    async with connecting(live.url, watcher=watcher) as client:
        await watch(client, "polls:1", watcher)
        await watcher.next("publication")
        protocol = live.handlers[0].ws_connection
        assert protocol is not None
        live.polls.states["1"] = make_state(5)
        assert protocol.stream is not None
        protocol.stream.close()
        resubscribed = await watcher.next("subscribed")
        assert (resubscribed.was_recovering, resubscribed.recovered) == (True, True)
        assert (await watcher.next("publication")).offset == 5


async def test_a_client_that_missed_nothing_is_not_sent_the_state_again(serve: Serve) -> None:
    live, watcher = await serve(INSTANT), Watcher()
    async with connecting(live.url, watcher=watcher) as client:
        await watch(client, "polls:1", watcher)
        await watcher.next("publication")
        await live.hub.disconnect(lambda _: True, CloseCode.CLOSED)
        assert (await watcher.next("subscribed")).recovered
        live.hub.publish("polls:1", make_state(2))
        assert (await watcher.next("publication")).offset == 2


async def test_a_client_follows_a_server_that_restarts(serve: Serve) -> None:
    live, watcher = await serve(INSTANT), Watcher()
    async with connecting(live.url, watcher=watcher) as client:
        await watch(client, "polls:1", watcher)
        await watcher.next("publication")
        await live.stop()
        again = await serve(INSTANT, port=live.port)
        await watcher.next("subscribed")
        again.hub.publish("polls:1", make_state(2))
        assert (await watcher.next("publication")).offset == 2


async def test_a_subscription_that_the_server_ends_is_asked_for_again_and_refused(serve: Serve) -> None:
    live, watcher = await serve(), Watcher()
    async with connecting(live.url, watcher=watcher) as client:
        await watch(client, "polls:1", watcher)
        await watcher.next("publication")
        del live.polls.states["1"]
        live.hub.publish("polls:1", None)
        assert (await watcher.next("unsubscribed")).code == 102


async def test_a_forbidden_channel_is_refused(serve: Serve) -> None:
    live, watcher = await serve(), Watcher()
    async with connecting(live.url, watcher=watcher) as client:
        await watch(client, "polls:secret", watcher)
        assert (await watcher.next("unsubscribed")).code == 103


async def test_a_client_with_a_bad_token_gives_up(serve: Serve) -> None:
    live, watcher = await serve(), Watcher()
    async with connecting(live.url, watcher=watcher, token="nonsense"):
        assert (await watcher.next("disconnected")).code == 3500


async def test_a_client_with_an_expired_token_gets_another(serve: Serve) -> None:
    live, watcher = await serve(), Watcher()

    async def get_token() -> str:
        return "user:7"

    async with connecting(live.url, watcher=watcher, token="expired", get_token=get_token):
        await watcher.next("connected")
        (connection,) = [each for each in live.hub.connections if not each.closed]
        assert connection.identity is not None
        assert connection.identity.user == "7"


async def test_a_client_refreshes_its_token_before_the_server_closes(serve: Serve) -> None:
    live, watcher = await serve(), Watcher()
    refreshed = asyncio.Event()

    async def get_token() -> str:
        refreshed.set()
        return "user:7"

    soon = live.hub.clock() + 0.5
    async with connecting(live.url, watcher=watcher, token=f"user:7:{soon}", get_token=get_token) as client:
        await watcher.next("connected")
        await asyncio.wait_for(refreshed.wait(), 5)
        assert (await client.rpc("time", {})).data["time"] >= soon
        (connection,) = live.hub.connections
        assert connection.expires_at == float("inf")


async def test_a_client_calls_procedures_and_hears_what_is_not_there(serve: Serve) -> None:
    live, watcher = await serve(), Watcher()
    async with connecting(live.url, watcher=watcher) as client:
        await watcher.next("connected")
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
    live, watcher = await serve(Limits(ping_seconds=0.1, pong_seconds=0.3)), Watcher()
    async with connecting(live.url, watcher=watcher) as client:
        await watcher.next("connected")
        for _ in range(6):
            while await asyncio.wait_for(live.handlers[0].heard.get(), 5) != "{}":
                pass
        assert (await client.rpc("time", {})).data["time"] > 0
