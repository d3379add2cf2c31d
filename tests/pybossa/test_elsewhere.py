"""Where the session counts besides this dialect: at Klub, and at the hub."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.pybossa.browser import JSON, Browser
from tests.pybossa.village import Village
from tests.serving import Served

TOKEN, WHOAMI = "/connection/token", "/api/frontend/whoami/"
NO_CSRF = {"detail": "CSRF Failed: CSRF token missing or incorrect."}


def cookie(browser: Browser) -> dict[str, str]:
    """Return a browser's cookies as a header."""
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.jar.items())}


async def join(socket: ClientConnection, channel: str) -> dict[str, Any]:
    """Connect without a token, subscribe, return the answer."""
    await socket.send(orjson.dumps({"id": 1, "connect": {}}).decode())
    await socket.recv()
    await socket.send(orjson.dumps({"id": 2, "subscribe": {"channel": channel}}).decode())
    answer: dict[str, Any] = orjson.loads(await socket.recv())
    return answer


async def test_klub_knows_a_session_where_nothing_changes(john: Browser, village: Village) -> None:
    answer = await john.get(WHOAMI)
    assert answer.status == 200
    assert (answer.json["first_name"], answer.json["last_name"]) == ("John", "Doe")
    assert (await Browser(village.api).get(WHOAMI)).json != answer.json


async def test_klub_wants_a_token_where_something_does(john: Browser, village: Village) -> None:
    body = b'{"nickname": "Jonny"}'
    refused = await john.call("PATCH", WHOAMI, body, JSON)
    assert (refused.status, refused.json) == (403, NO_CSRF)
    stranger = {**JSON, "X-CSRFToken": await Browser(village.api).token()}
    assert (await john.call("PATCH", WHOAMI, body, stranger)).json == NO_CSRF
    proven = await john.call("PATCH", WHOAMI, body, {**JSON, "X-CSRFToken": await john.token()})
    assert (proven.status, proven.json["nickname"]) == (200, "Jonny")


async def test_other_dialects_know_no_session(john: Browser) -> None:
    assert (await john.get("/account/profile/")).status in {401, 403}
    assert (await john.get("/api/v1/subscriptions/")).status in {401, 403}


async def test_a_page_of_ours_gets_a_token_for_the_hub(
    john: Browser, village: Village, server: Served
) -> None:
    answer = await john.call("POST", TOKEN, b"", {"Origin": server.url})
    assert answer.status == 200, answer.text
    number = (await village.user("johndoe")).id
    async with connect(server.socket_url) as socket:
        await socket.send(orjson.dumps({"id": 1, "connect": {"token": answer.json["token"]}}).decode())
        await socket.recv()
        await socket.send(f'{{"id": 2, "subscribe": {{"channel": "identity#{number}"}}}}')
        assert "subscribe" in orjson.loads(await socket.recv())


@pytest.mark.settings(allowed_origins=("https://friend.example",))
async def test_pages_elsewhere_get_none(john: Browser) -> None:
    for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        assert (await john.call("POST", TOKEN, b"", headers)).status == 401
    assert (await john.call("POST", TOKEN, b"", {"Origin": "https://friend.example"})).status == 200


async def test_a_session_opens_the_hub(john: Browser, village: Village, server: Served) -> None:
    number = (await village.user("johndoe")).id
    async with connect(server.socket_url, additional_headers=cookie(john)) as socket:
        assert "subscribe" in await join(socket, f"identity#{number}")
    async with connect(server.socket_url, additional_headers={"Cookie": "session=x"}) as socket:
        assert (await join(socket, f"identity#{number}"))["error"]["code"] == 103


async def test_signing_out_closes_what_the_session_had_opened(
    john: Browser, village: Village, server: Served
) -> None:
    other = Browser(village.api)
    await village.sign_in("johndoe@example.com", browser=other)
    channel = f"identity#{(await village.user('johndoe')).id}"
    async with (
        connect(server.socket_url, additional_headers=cookie(john)) as socket,
        connect(server.socket_url, additional_headers=cookie(other)) as kept,
    ):
        await join(socket, channel)
        await join(kept, channel)
        await john.get("/account/signout")
        await socket.wait_closed()
        assert socket.close_code == 3503
        await kept.send('{"id": 3, "rpc": {"method": "time", "data": {}}}')
        assert orjson.loads(await kept.recv())["id"] == 3


async def test_another_user_name_closes_what_all_sessions_had_opened(
    john: Browser, village: Village, server: Served
) -> None:
    user = await village.user("johndoe")
    bought = (await john.call("POST", TOKEN, b"", {"Origin": server.url})).json["token"]
    async with (
        connect(server.socket_url, additional_headers=cookie(john)) as socket,
        connect(server.socket_url, additional_headers={"Authorization": f"ApiKey {user.api_key}"}) as kept,
    ):
        await join(socket, "polls:1")
        await join(kept, "polls:1")
        await server.stores.revision.save(user, {"name": "johnny"}, None)
        await socket.wait_closed()
        assert socket.close_code == 3503
        await kept.send('{"id": 3, "rpc": {"method": "time", "data": {}}}')
        assert orjson.loads(await kept.recv())["id"] == 3
    async with connect(server.socket_url, additional_headers={"Authorization": bought}) as socket:
        await socket.send('{"id": 1, "connect": {}}')
        await socket.wait_closed()
        assert socket.close_code == 3500
