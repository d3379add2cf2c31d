"""The door of the live hub, as this server opens it."""

from __future__ import annotations

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from handlers.core.handler import JSON
from tests.serving import Api, Served

FRIEND = "https://friend.example"


@pytest.mark.parametrize(
    ("compressing", "extensions"),
    [
        pytest.param(False, 0, marks=pytest.mark.settings(permessage_deflate=False)),
        pytest.param(True, 1, marks=pytest.mark.settings(permessage_deflate=True)),
    ],
)
async def test_compression_is_a_setting(server: Served, compressing: bool, extensions: int) -> None:
    async with connect(server.socket_url) as live:
        assert len(live.protocol.extensions) == extensions
        await live.send('{"id": 1, "connect": {}}')
        assert '"connect"' in str(await live.recv())


@pytest.mark.settings(allowed_origins=(FRIEND,))
async def test_pages_of_listed_origins_may_connect_and_no_others(server: Served) -> None:
    for origin in (FRIEND, server.url, None):
        async with connect(server.socket_url, origin=origin):  # type: ignore[arg-type]
            pass
    for origin in ("https://evil.example", f"{server.url}.evil.example", "null"):
        with pytest.raises(InvalidStatus) as refused:
            await connect(server.socket_url, origin=origin)  # type: ignore[arg-type]
        assert refused.value.response.status_code == 403


@pytest.mark.settings(allowed_origins=(FRIEND,))
async def test_what_is_no_handshake_is_refused_as_everywhere_on_the_site(api: Api) -> None:
    path = "/connection/websocket"
    asked = {"Access-Control-Request-Method": "GET"}
    foreign = {"Origin": "https://evil.example"}
    answers = [
        (400, await api.get(path)),
        (400, await api.get(path, Host="evil.example")),
        (403, await api.get(path, **foreign)),
        (405, await api.call("POST", path, b"{}")),
        (405, await api.call("BREW", path)),
        (405, await api.call("OPTIONS", path, headers=asked)),
    ]
    for status, answer in answers:
        assert answer.status == status
        assert (list(answer.json), answer.headers["Content-Type"]) == (["error"], JSON)
        assert answer.headers["X-Request-Id"]
        assert "Server" not in answer.headers
        assert answer.headers.get("Allow") == ("GET" if status == 405 else None)
    friend = await api.call("OPTIONS", path, headers={"Origin": FRIEND, **asked})
    assert (friend.status, friend.headers["Access-Control-Allow-Origin"]) == (204, FRIEND)
    upgrade = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    old = await api.call("GET", path, headers={**upgrade, "Sec-WebSocket-Version": "8"})
    assert (old.status, old.json) == (426, {"error": "Upgrade Required"})
