"""The hub over server-sent events: a plain HTTP client and the real server."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from realtime.channels import Identity, Publication, State
from realtime.codes import CloseCode, ErrorCode, Refusal
from realtime.connection import Credentials
from realtime.frames import Message, join_messages
from storage.outbox import Message as Post
from tests.pybossa.browser import Browser
from tests.pybossa.village import Village
from tests.realtime.events import PATH, listening, query
from tests.serving import Api, Served, ServerProcess

FRIEND = "https://friend.example"
NEWS = "feed:updates"


async def post(server: Served, *said: int) -> None:
    """Commit messages on the stream of news."""
    stores = server.stores
    posts = [Post(NEWS, {"n": number}) for number in said]
    await stores.database.transaction(lambda session: stores.outbox.add_all(posts, session))


def told(event: Any) -> Any:
    """Return what a publication says."""
    return event["pub"]["data"]["n"]


async def gone(server: Served) -> None:
    """Wait until nobody is connected."""
    async with asyncio.timeout(5):
        while server.application.hub.connections:  # noqa: ASYNC110  # the hub has no event for this
            await asyncio.sleep(0.01)


# Events


def test_pushes_lose_their_wrapper_and_each_line_is_an_event() -> None:
    joined = join_messages([Message(b'{"push":{"channel":"a"}}'), Message(b"{}")])
    assert joined.chunked.payload == b'data: {"channel":"a"}\n\ndata: {}\n\n'
    assert joined.chunked.frame == b"21\r\n" + joined.chunked.payload + b"\r\n"
    assert joined.chunked is joined.chunked


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_connection_comes_first_and_then_what_is_published(server: Served, method: str) -> None:
    member = await server.api.register("ann@example.com")
    async with listening(server.url, {"subs": {"polls:1": {}}}, method=method) as stream:
        assert (stream.status, stream.headers["Cache-Control"]) == (200, "no-store")
        assert stream.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        connect = (await stream.hear())["connect"]
        assert connect["client"]
        assert (connect["ping"], connect["pong"]) == (25, False)
        (state,) = connect["subs"]["polls:1"]["publications"]
        assert state["data"]["total"] == 0
        body = {"s": member["s"], "poll_id": 1, "option_id": "100"}
        await server.api.post("/api/v0/iiccot/cast_vote", body)
        event = await stream.hear()
        assert (event["channel"], event["pub"]["data"]["total"]) == ("polls:1", 1)
        assert event["pub"]["offset"] > state["offset"]


async def test_who_comes_back_gets_what_was_missed(server: Served) -> None:
    await post(server, 1, 2)
    async with listening(server.url, {"subs": {NEWS: {}}}) as stream:
        position = (await stream.hear())["connect"]["subs"][NEWS]
        assert (position["offset"], position["publications"]) == (2, [])
        await post(server, 3)
        assert told(await stream.hear()) == 3
    await gone(server)
    await post(server, 4)
    since = {"recover": True, "epoch": position["epoch"], "offset": 3}
    async with listening(server.url, {"subs": {NEWS: since}}) as stream:
        back = (await stream.hear())["connect"]["subs"][NEWS]
        assert (back["recovered"], [each["data"]["n"] for each in back["publications"]]) == (True, [4])
        await post(server, 5)
        assert told(await stream.hear()) == 5


async def test_what_one_may_not_hear_is_left_out(server: Served) -> None:
    request: dict[str, Any] = {
        "subs": {"polls:1": {}, "polls:99": {}, "identity#1": {}, "comics:releases": {}}
    }
    async with listening(server.url, request) as stream:
        assert (await stream.hear())["connect"]["subs"].keys() == {"polls:1"}


async def test_an_ended_subscription_ends_the_stream_so_that_it_is_asked_for_again(server: Served) -> None:
    async with listening(server.url, {"subs": {"polls:1": {}}}) as stream:
        await stream.hear()
        server.application.hub.publish("polls:1", None)
        assert await stream.rest() == [
            {"channel": "polls:1", "unsubscribe": {"code": 2500, "reason": "insufficient state"}},
            {"disconnect": {"code": 3000, "reason": "connection closed"}},
        ]
    await gone(server)


async def test_pings_keep_coming_and_nobody_waits_for_a_pong(server: Served) -> None:
    hub = server.application.hub
    hub.limits = replace(hub.limits, ping_seconds=0.2, pong_seconds=0.1)
    async with listening(server.url, {}) as stream:
        assert "connect" in await stream.hear()
        assert [await stream.hear() for _ in range(4)] == [{}] * 4


async def test_who_goes_away_is_forgotten(server: Served) -> None:
    async with listening(server.url, {"subs": {"polls:1": {}}}) as stream:
        await stream.hear()
        assert len(server.application.hub.connections) == 1
    await gone(server)
    assert server.application.hub.subscriptions == 0


async def test_head_connects_nobody(server: Served) -> None:
    for path, status in ((query({}), 200), (PATH, 400)):
        answer = await server.api.call("HEAD", path)
        assert (answer.status, answer.headers["Content-Type"][:17]) == (status, "text/event-stream")
    assert not server.application.hub.connections


# Who may


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ("", 400, 3501),
        ("?cf_connect=nonsense", 400, 3501),
        ("?cf_connect=[]", 400, 3501),
        ("?cf_connect=" + quote('{"subs": []}'), 400, 107),
        ("?cf_connect=" + quote(json.dumps({"subs": {f"polls:{n}": {} for n in range(200)}})), 400, 3505),
        ("?cf_connect=" + quote('{"token": "nonsense"}'), 401, 3500),
        ("?cf_connect=" + quote('{"token": "Flux nonsense"}'), 401, 3500),
    ],
)
async def test_what_cannot_connect_has_a_status_that_no_browser_tries_again(
    server: Served, asked: str, status: int, code: int
) -> None:
    async with listening(server.url, asked) as stream:
        (event,) = await stream.rest()
        assert (stream.status, next(iter(event.values()))["code"]) == (status, code)
    await gone(server)


async def test_an_expired_token_is_error_109(server: Served) -> None:
    member = await server.api.register("ann@example.com")
    bought = await server.api.post("/connection/token", Authorization=f"Flux {member['s']}")
    hub = server.application.hub
    clock = hub.clock
    hub.clock = lambda: clock() + 3600
    async with listening(server.url, {"token": bought.json["token"]}) as stream:
        assert await stream.rest() == [{"error": {"code": 109, "message": "token expired"}}]
        assert stream.status == 401


async def test_credentials_come_in_the_query_or_a_header_and_are_in_no_log(server: Served) -> None:
    member = await server.api.register("ann@example.com")
    own, shown = f"identity#{member['id']}", f"Flux {member['s']}"
    ways: list[tuple[dict[str, Any], dict[str, str]]] = [
        ({"token": shown}, {}),
        ({"headers": {"Authorization": shown}}, {}),
        ({}, {"Authorization": shown}),
    ]
    for request, headers in ways:
        async with listening(server.url, {**request, "subs": {own: {}}}, **headers) as stream:
            assert own in (await stream.hear())["connect"]["subs"]
        await gone(server)
    lines = [json.loads(line) for line in server.log.getvalue().splitlines()]
    assert {line["query"] for line in lines if line["path"] == PATH} == {"cf_connect=***"}
    assert member["s"] not in server.log.getvalue()


@pytest.fixture
async def john(server: Served, tmp_path: Any) -> Browser:
    """Give a browser that is signed in to PyBossa."""
    return await Village(server, tmp_path / "mails").settle("johndoe", "John Doe")


async def connected_user(server: Served, browser: Browser, **headers: str) -> str | int:
    """Return whom a stream with the browser's cookies speaks for, or the status."""
    cookies = "; ".join(f"{name}={value}" for name, value in browser.jar.items())
    async with listening(server.url, {}, Cookie=cookies, **headers) as stream:
        if stream.status != 200:
            return stream.status
        await stream.hear()
        (connection,) = server.application.hub.connections
        assert connection.identity is not None
        user = connection.identity.user
    await gone(server)
    return user


@pytest.mark.settings(allowed_origins=(FRIEND,))
async def test_cookies_count_for_the_servers_own_pages_and_listed_ones(server: Served, john: Browser) -> None:
    user = await connected_user(server, john)
    assert user
    assert await connected_user(server, john, Sec_Fetch_Site="same-origin") == user
    assert await connected_user(server, john, Sec_Fetch_Site="cross-site") == ""
    assert await connected_user(server, john, Origin=server.url) == user
    assert await connected_user(server, john, Origin=FRIEND, Sec_Fetch_Site="cross-site") == user
    assert await connected_user(server, john, Origin="https://evil.example") == 403
    async with listening(server.url, {}, Origin=FRIEND) as stream:
        assert stream.headers["Access-Control-Allow-Origin"] == FRIEND
        assert "Access-Control-Allow-Credentials" not in stream.headers


async def test_a_revoked_credential_ends_the_stream(server: Served) -> None:
    member = await server.api.register("ann@example.com")
    person = await server.stores.accounts.by_secret(member["s"])
    assert person is not None
    async with listening(server.url, {"token": f"Flux {member['s']}"}) as stream:
        await stream.hear()
        stores = server.stores
        await stores.database.transaction(lambda session: stores.revocations.end(person.oid, None, session))
        assert await stream.rest() == [{"disconnect": {"code": 3503, "reason": "force disconnect"}}]


# Limits


@pytest.mark.settings(max_connections=1)
async def test_one_listener_too_many_is_turned_away(server: Served) -> None:
    async with listening(server.url, {}) as first:
        assert "connect" in await first.hear()
        async with listening(server.url, {}) as second:
            assert second.status == 503
            assert await second.rest() == [{"disconnect": {"code": 3504, "reason": "connection limit"}}]
    await gone(server)
    async with listening(server.url, {}) as third:
        assert "connect" in await third.hear()


@pytest.mark.settings(send_buffer_bytes=100_000)
async def test_a_listener_that_does_not_read_is_cut_off_and_holds_nobody_up(server: Served) -> None:
    hub = server.application.hub
    async with listening(server.url, {"subs": {NEWS: {}}}) as slow:
        position = (await slow.hear())["connect"]["subs"][NEWS]
        async with listening(server.url, {"subs": {NEWS: {}}}) as quick:
            await quick.hear()
            data = json.dumps({"n": 1, "fill": "x" * 50_000}).encode()
            offset = 0
            while not hub.slow_disconnects:
                offset += 1
                hub.publish(NEWS, Publication(position["epoch"], offset, data))
                assert (await quick.hear())["pub"]["offset"] == offset
                assert offset < 1000
        last = (await slow.rest())[-1]
        assert last["pub"]["offset"] < offset
    await gone(server)


@pytest.mark.settings(send_buffer_bytes=100_000)
async def test_a_listener_that_does_not_read_skips_to_the_newest_state_and_costs_a_bounded_buffer(
    server: Served,
) -> None:
    hub = server.application.hub
    async with listening(server.url, {"subs": {"polls:1": {}}}) as slow:
        (state,) = (await slow.hear())["connect"]["subs"]["polls:1"]["publications"]
        (listener,) = hub.connections
        hub.limits = replace(hub.limits, conflation_ms=0)
        stream, last = listener.transport._stream, 0  # type: ignore[attr-defined]
        async with listening(server.url, {"subs": {"polls:1": {}}}) as quick:
            await quick.hear()
            epoch = hub.channels["polls:1"].latest.epoch  # type: ignore[attr-defined]
            for last in range(state["offset"] + 1, state["offset"] + 400):
                data = json.dumps({"n": last, "fill": "x" * 50_000}).encode()
                hub.publish("polls:1", State(epoch, last, data))
                assert (await quick.hear())["pub"]["offset"] == last
                assert len(stream._write_buffer) + listener._queued < 200_000
        assert (hub.slow_disconnects, listener.transport.busy) == (0, True)
        seen = [state["offset"]]
        while seen[-1] != last:
            seen.append((await slow.hear())["pub"]["offset"])
    assert seen == sorted(set(seen))
    assert len(seen) < 400, "the slow line has skipped"


async def test_a_client_of_http_1_0_gets_its_events_without_chunks(server: Served) -> None:
    hub = server.application.hub
    host, _, port = server.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {query({'subs': {'polls:1': {}}})} HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n".encode())
    assert b'data: {"connect":' in await asyncio.wait_for(reader.readuntil(b"}\n\n"), 10)
    latest = hub.channels["polls:1"].latest  # type: ignore[attr-defined]
    for offset in (latest.offset + 1, latest.offset + 2):
        hub.publish("polls:1", State(latest.epoch, offset, b"{}"))
        event = await asyncio.wait_for(reader.readuntil(b"\n\n"), 10)
        assert (event[:6], json.loads(event[6:])["pub"]["offset"]) == (b"data: ", offset)
    writer.close()
    await gone(server)


async def test_a_stop_says_good_bye(launch: Callable[..., ServerProcess]) -> None:
    process = launch()
    await Api(process.url).register("ann@example.com")
    async with listening(process.url, {"subs": {"polls:1": {}}}) as stream:
        await stream.hear()
        began = time.monotonic()
        code = await asyncio.to_thread(process.stop)
        assert (code, time.monotonic() - began < 3) == (0, True)
        assert await stream.rest() == [{"disconnect": {"code": 3001, "reason": "shutdown"}}]


async def test_a_credential_that_is_found_expired_when_nobody_waits_any_more_is_no_error(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answered = asyncio.Event(), asyncio.Event()

    async def dawdle(_: Credentials) -> Identity:
        asked.set()
        await answered.wait()
        raise Refusal(ErrorCode.TOKEN_EXPIRED)

    monkeypatch.setattr(server.application.gate, "admit", dawdle)
    asking = asyncio.create_task(server.api.get(query({})))
    await asked.wait()
    await server.application.hub.disconnect(lambda _: True, CloseCode.SHUTDOWN)
    answered.set()
    answer = await asking
    assert (answer.status, answer.text) == (
        503,
        'data: {"disconnect":{"code":3001,"reason":"shutdown"}}\n\n',
    )
