"""The product spoken to by `centrifuge-python`, a client that nobody here wrote, over a line that breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from centrifuge import CentrifugeError

from realtime.codes import CloseCode
from storage.klub.grants import ORGANIZER
from storage.outbox import Retention
from tests.klub.scene import Scene
from tests.knowme.client import App
from tests.realtime.cutting import Line, line_to
from tests.realtime.watching import Watcher, connected, connecting, watch
from tests.serving import Api, Served

PASSWORD = "correct horse 7"

GetToken = Callable[[], Awaitable[str]]


@pytest.fixture
async def ann(server: Served) -> App:
    return await App.sign_up(server.api, server.stores, "ann@example.com")


@pytest.fixture
async def line(server: Served) -> AsyncIterator[Line]:
    async with line_to(server.url) as line:
        yield line


def socket_at(line: Line) -> str:
    return line.url.replace("http", "ws", 1) + "/connection/websocket"


def token_of(api: Api, app: App) -> tuple[GetToken, list[str]]:
    """Return a `getToken` that buys connection tokens, and what it bought."""
    bought: list[str] = []

    async def get_token() -> str:
        answer = await api.post("/connection/token", Authorization=f"Token {app.token}")
        bought.append(answer.json["token"])
        return bought[-1]

    return get_token, bought


async def say(server: Served, app: App, number: int) -> None:
    """Say something on the account's own channel."""
    for _ in range(number):
        await server.stores.announcements.tell(app.oid, "new_login")


async def test_a_client_whose_line_is_cut_recovers_streams_and_states(
    server: Served, ann: App, line: Line
) -> None:
    """What was said while it was away comes when it is back: each message once, and the newest state."""
    secret = (await server.stores.accounts.document(ann.oid))["s"]
    ballot = {"s": secret, "poll_id": 1, "option_id": "103"}
    async with connected(socket_at(line), f"Token {ann.token}") as (client, watcher):
        stream, _ = await watch(client, f"identity#{ann.number}")
        state, _ = await watch(client, "polls:1")
        assert (await state.count(1))[0]["total"] == 0
        await say(server, ann, 1)
        await stream.count(1)
        line.cut()
        await watcher.next("connecting")
        await say(server, ann, 3)
        assert (await server.api.post("/api/v0/iiccot/cast_vote", ballot)).status == 200
        line.mend()
        await stream.count(4)
        await state.until(lambda each: each.said[-1]["total"] == 1)
        await say(server, ann, 1)
        await stream.count(5)
    assert stream.offsets == [1, 2, 3, 4, 5]
    for each in (stream, state):
        (first, second) = each.subscribed
        assert (first.was_recovering, second.was_recovering, second.recovered) == (False, True, True)
        assert first.stream_position.epoch == second.stream_position.epoch


async def test_a_client_that_was_away_too_long_is_told_so(
    server: Served, ann: App, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.stores.outbox, "retention", Retention(size=3))
    async with connected(socket_at(line), f"Token {ann.token}") as (client, watcher):
        stream, _ = await watch(client, f"identity#{ann.number}")
        line.cut()
        await watcher.next("connecting")
        await say(server, ann, 5)
        line.mend()
        await stream.until(lambda each: len(each.subscribed) == 2)
        again = stream.subscribed[1]
        assert (again.was_recovering, again.recovered, again.stream_position.offset) == (True, False, 5)
        await say(server, ann, 1)
        assert await stream.count(1)
    assert stream.offsets == [6]


async def test_a_connection_outlives_its_token(
    server: Served, ann: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK asks its application for another token before the first one ends, and nothing is cut."""
    monkeypatch.setattr("handlers.core.gate.LIFETIME", 4)
    get_token, bought = token_of(server.api, ann)
    async with connected(server.socket_url, await get_token(), get_token=get_token) as (client, _):
        stream, _ = await watch(client, f"identity#{ann.number}")
        (connection,) = server.application.hub.connections
        ends = connection.expires_at
        async with asyncio.timeout(25):
            while connection.expires_at == ends:
                heard = len(stream.heard)
                await say(server, ann, 1)
                await stream.count(heard + 1)
        assert len(bought) >= 2
        assert connection.identity is not None
        assert connection.identity.user == str(ann.number)
        assert (await client.rpc("time", {})).data["time"] > 0
        assert stream.codes[1:] == []
    assert stream.offsets == list(range(1, len(stream.offsets) + 1))


async def test_a_client_that_comes_with_an_expired_token_gets_another(
    server: Served, ann: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub answers 109; the SDK asks for a token and connects with that."""
    get_token, bought = token_of(server.api, ann)
    with monkeypatch.context() as patch:
        patch.setattr("handlers.core.gate.LIFETIME", -5)
        expired = await get_token()
    async with connected(server.socket_url, expired, get_token=get_token) as (client, _):
        watcher, _ = await watch(client, f"identity#{ann.number}")
        assert len(watcher.subscribed) == 1
    assert len(bought) == 2


@pytest.mark.settings(access_token_lifetime=1)
async def test_a_dialects_own_token_expires_on_the_hub_too(server: Served, ann: App) -> None:
    """Without a `getToken` there is nothing to renew it with: the SDK ends as unauthorized."""
    await set_password(server, ann, PASSWORD)
    body = {"username": "ann@example.com", "password": PASSWORD}
    access = (await server.api.post("/api/token/", body, Content_Type="application/json")).json["access"]
    watcher = Watcher()
    async with connecting(server.socket_url, access, watcher):
        assert (await watcher.next("disconnected")).reason == "unauthorized"


async def set_password(server: Served, app: App, password: str) -> None:
    hashed = await server.application.services.passwords.hash(password)
    change = {"$set": {"password": hashed, "set_password": True}}
    await server.stores.database["users"].update_one({"_id": app.oid}, change)


async def test_a_client_asks_who_listens_and_what_was_said(server: Served, ann: App) -> None:
    scene = Scene(server.stores)
    event = await scene.event(units=[await scene.unit()])
    await server.stores.grants.give(ORGANIZER, ann.oid, None)
    await say(server, ann, 3)
    async with connected(server.socket_url, f"Token {ann.token}") as (client, _):
        listed = (await client.rpc("channels", {})).data["channels"]
        assert {"polls:1", f"events:{event}", f"identity#{ann.number}", "feed:updates"} <= set(listed)
        await watch(client, f"events:{event}")
        async with connected(server.socket_url) as (stranger, _):
            await watch(stranger, f"events:{event}")
            stats = await stranger.presence_stats(f"events:{event}")
            assert (stats.num_clients, stats.num_users) == (2, 2)
            with pytest.raises(CentrifugeError, match="permission denied"):
                await stranger.presence(f"events:{event}")
            present = (await client.presence(f"events:{event}")).clients
            assert sorted(each.user for each in present.values()) == ["", str(ann.number)]
        _, own = await watch(client, f"identity#{ann.number}")
        last = await own.history(limit=2, reverse=True)
        assert [each.offset for each in last.publications] == [3, 2]
        position = await own.history(limit=0)
        assert (position.publications, position.offset) == ([], 3)
        past = await own.history(limit=10)
        assert [(each.offset, each.data["type"]) for each in past.publications] == [
            (1, "new_login"),
            (2, "new_login"),
            (3, "new_login"),
        ]


async def test_a_client_whose_event_is_hidden_asks_again_and_is_refused(server: Served) -> None:
    event = await Scene(server.stores).event()
    async with connected(server.socket_url) as (client, _):
        watcher, _ = await watch(client, f"events:{event}")
        await server.stores.events.change(event, {"public_on_web": False})
        await watcher.until(lambda each: each.codes[1:] == [2500, 103])


async def test_a_client_whose_password_is_changed_elsewhere_is_out(server: Served, ann: App) -> None:
    async with connected(server.socket_url, f"Token {ann.token}") as (_, watcher):
        await set_password(server, ann, PASSWORD)
        body = {"old_password": PASSWORD, "new_password": "another horse 8"}
        assert (await ann.post("/account/change-password/", body)).status == 200
        assert (await watcher.next("disconnected")).code == CloseCode.FORCED
