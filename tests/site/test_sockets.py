"""The door of the live hub, as this server opens it."""

from __future__ import annotations

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.serving import Served

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
        assert refused.value.response.body == b'{"error": "this origin may not connect"}'


async def test_what_is_no_handshake_is_refused_in_the_sites_shape(server: Served) -> None:
    path = "/connection/websocket"
    plain = await server.api.get(path)
    assert (plain.status, list(plain.json)) == (400, ["error"])
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        answer = await server.api.call(method, path)
        assert (answer.status, answer.headers["Allow"]) == (405, "GET")
        assert answer.json == {"error": "method not allowed"}
        assert answer.headers["Content-Type"].startswith("application/json")
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    old = await server.api.call("GET", path, headers={**headers, "Sec-WebSocket-Version": "8"})
    assert (old.status, old.json) == (426, {"error": "upgrade required"})
