"""The configuration of nginx that docs/operations.md shows, before two processes."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from centrifuge import Client, PublicationContext, SubscriptionEventHandler

from tests.docs.blocks import read_blocks
from tests.serving import ROOT, Api, ServerProcess
from tests.wire import open_wire

Launch = Callable[..., ServerProcess]
FRAME = """
pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1; daemon off;
events {{ worker_connections 256; }}
http {{
    access_log off; client_body_temp_path {folder}/bodies; proxy_temp_path {folder}/proxied;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    {block}
}}
"""


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@pytest.fixture
def behind(launch: Launch, tmp_path: Path) -> Iterator[tuple[str, list[ServerProcess]]]:
    """Run nginx as the document says; give its address and the processes behind it."""
    nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if nginx is None:
        missing = "nginx is missing (apt-get install nginx-light)"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    servers = [launch(TRUSTED_PROXIES="127.0.0.1") for _ in range(2)]
    (block,) = read_blocks(ROOT / "docs" / "operations.md", "nginx")
    port = free_port()
    for written, each in zip(("8888", "8889"), servers, strict=True):
        block = block.replace(f"127.0.0.1:{written}", each.url.removeprefix("http://"))
    block = re.sub(r"listen 8080;", f"listen 127.0.0.1:{port};", block)
    (tmp_path / "nginx.conf").write_text(FRAME.format(folder=tmp_path, block=block))
    process = subprocess.Popen(
        [nginx, "-p", str(tmp_path), "-e", str(tmp_path / "error.log"), "-c", str(tmp_path / "nginx.conf")]
    )
    yield f"http://127.0.0.1:{port}", servers
    process.terminate()
    process.wait(10)


async def listens(url: str) -> None:
    """Wait until somebody answers."""
    async with asyncio.timeout(20):
        while True:
            try:
                if (await Api(url).get("/healthz")).status == 200:
                    return
            except ConnectionError:
                await asyncio.sleep(0.05)


class Totals(SubscriptionEventHandler):
    """Keeps the totals of a poll."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[int] = asyncio.Queue()

    async def on_publication(self, ctx: PublicationContext) -> None:
        """Keep one."""
        await self.heard.put(ctx.pub.data["total"])

    async def until(self, total: int) -> None:
        """Wait for a total."""
        async with asyncio.timeout(30):
            while await self.heard.get() != total:
                pass


async def test_calls_and_sockets_go_through_and_survive_a_lost_process(
    behind: tuple[str, list[ServerProcess]],
) -> None:
    url, servers = behind
    await listens(url)
    api, totals = Api(url), Totals()
    client = Client(url.replace("http", "ws", 1) + "/connection/websocket", min_reconnect_delay=0.05)
    await client.connect()
    await client.new_subscription("polls:1", totals).subscribe()
    secrets = [(await api.register(f"member{number}@example.com"))["s"] for number in range(2)]
    await vote(api, secrets[0])
    await totals.until(1)
    servers[0].kill()
    await vote(api, secrets[1])
    await totals.until(2)
    servers[1].kill()
    await client.disconnect()


async def vote(api: Api, secret: str) -> None:
    """Cast a vote; nginx asks the other process where one is gone."""
    body = {"s": secret, "poll_id": 1, "option_id": "105"}
    for _ in range(2):
        answer = await api.post("/api/v0/iiccot/cast_vote", body)
        if answer.status == 200:
            return
    raise AssertionError(answer.text)


async def test_a_foreign_host_is_refused_behind_the_proxy_too(
    behind: tuple[str, list[ServerProcess]],
) -> None:
    url, _ = behind
    await listens(url)
    async with open_wire(url) as wire:
        answer = await wire.ask("GET /api/v0/getinfo HTTP/1.1", "Host: people.example.org")
    assert answer.status == 400
