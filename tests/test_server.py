"""The server as a process: how it starts, how it refuses to, how it ends."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from handlers.core.banner import describe
from settings import Settings
from storage.community import Community, Settler
from storage.stores import Stores
from tests.serving import ROOT, Api, ServerProcess
from tests.wire import open_wire

Launch = Callable[..., ServerProcess]
OWN = {"MONGODB_URI": "", "SECRET_KEY": ""}  # what the own MongoDB needs no telling
HEALTH = ("GET /healthz HTTP/1.1", "Host: localhost")
LISTENING = re.compile(r"listening on")


def refuse(*flags: str, **environment: str) -> tuple[int, str, float]:
    """Start a server that can't; return its exit code, what it says, and how long that took."""
    began = time.monotonic()
    environment = {"PATH": os.environ["PATH"], **environment}
    ended = subprocess.run(
        [sys.executable, "server.py", "--port", "0", *flags],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return ended.returncode, ended.stderr, time.monotonic() - began


# What is in the way, or wrong


def test_a_taken_port_is_named_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, words, _ = refuse("--port", str(port), DATA_DIR=str(tmp_path))
    assert (code, words.count("\n")) == (1, 1)
    assert f"127.0.0.1:{port}" in words


def test_an_unreachable_database_is_named_in_one_line_without_its_password() -> None:
    code, words, seconds = refuse(
        MONGODB_URI="mongodb://user:hunter2@127.0.0.1:9/?authSource=admin", SECRET_KEY="k" * 32
    )
    assert (code, words.count("\n")) == (1, 1), words
    assert "127.0.0.1:9" in words
    assert "hunter2" not in words
    assert seconds < 12


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"EMAIL_URL": "smtp://user:hunter2@"}, "EMAIL_URL"),
        ({"MONGODB_URI": "mongodb://user:hunter2/@x", "SECRET_KEY": "k" * 32}, "MONGODB_URI"),
        ({"MONGODB_URI": "mongodb://127.0.0.1"}, "SECRET_KEY"),
        ({"DATA_DIR": "/dev/null/x"}, "DATA_DIR"),
        ({**OWN, "MONGOD": "/no/such/mongod"}, "MONGOD"),
        ({"FLUX_LIMIT_VOTE": "often"}, "FLUX_LIMIT_VOTE"),
    ],
)
def test_a_wrong_setting_ends_the_start_with_2_and_its_name(
    environment: dict[str, str], name: str, tmp_path: Path
) -> None:
    code, words, _ = refuse(**{"DATA_DIR": str(tmp_path), **environment})
    assert (code, words.count("\n")) == (2, 1), words
    assert words.startswith(f"setting {name}: ")
    assert "hunter2" not in words


@pytest.mark.parametrize("flags", [["--processes", "0"], ["--port", "70000"], ["--port", "x"], ["--what"]])
def test_a_wrong_flag_ends_the_start_with_2(flags: list[str]) -> None:
    assert refuse(*flags)[0] == 2


# What it says of itself


@pytest.mark.parametrize("address", ["0.0.0.0", ""])  # noqa: S104
def test_a_demo_is_not_shown_to_others(address: str, tmp_path: Path) -> None:
    """Its passwords would be: one line says what to do instead, and the exit code is 2."""
    code, words, _ = refuse("--demo", "--address", address, DATA_DIR=str(tmp_path))
    assert (code, words.count("\n")) == (2, 1), words
    assert "--no-demo" in words
    assert "--address 127.0.0.1" in words


async def test_a_demo_says_where_everything_is_and_whom_to_sign_in_as(
    launch: Launch, settings: Settings, stores: Stores
) -> None:
    """The first line is for programs; the rest for people, without colours where nobody looks."""
    # One founder makes it a demo's database; founding all of it is tested elsewhere.
    await Community(stores.database).settle([Settler("x@example.org", {}, {}, 1e9)], "founder")
    server = launch("--demo", EMAIL_URL="console:")
    server.wait_for(re.compile(r"\n  (or as) "))
    banner = server.log.read_text().partition("listening on ")[2]
    lines = dict(re.findall(r"^  (\w+(?: \w+)*) {2,}(.+)$", banner, re.MULTILINE))
    assert banner.startswith(f"{server.url}\n")
    paths = {"home": "/", "dashboard": "/dashboard", "docs": "/docs", "admin": "/admin/"}
    paths["mail box"] = "/demo/mail"
    assert {label: lines[label] for label in paths} == {
        label: server.url + path for label, path in paths.items()
    }
    assert lines["demo data"] == "yes, and it moves"
    assert lines["database"].startswith(f"{settings.mongodb_database} at mongodb://127.0.0.1:")
    assert "\x1b" not in banner
    email, password = lines["sign in as"].split()
    api = Api(server.url)
    body = {"username": email, "password": password}
    signed_in = await api.post("/api/token/", body, Content_Type="application/json")
    assert (await api.get("/demo/mail")).status == 200
    api.close()
    assert signed_in.status == 200, signed_in.text


def test_outside_of_a_demo_nobodys_password_is_shown() -> None:
    """And of a connection string only the hosts."""
    uri = "mongodb://ann:hunter2@a.example:1,b.example:2/x?replicaSet=rs0"
    settings = Settings(_env_file=None, mongodb_uri=uri, secret_key="k" * 32)
    lines = dict(describe("http://x", settings, None))
    assert lines["database"] == "folkmoot at mongodb://a.example:1,b.example:2"
    assert lines["demo data"] == "no"
    assert lines.keys() == {"home", "dashboard", "docs", "admin", "database", "demo data"}
    assert dict(describe("http://x", settings, []))["demo data"].startswith("no: ")


# The end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_lets_requests_finish_and_closes_sockets_with_3001(
    launch: Launch, number: signal.Signals
) -> None:
    server = launch()
    body = b'{"email": "ann@example.com"}'
    lines = ("POST /api/v0/register/initial_email HTTP/1.1", "Host: localhost", "Expect: 100-continue")
    async with open_wire(server.url) as wire, connect(server.socket_url) as live:
        await live.send('{"id": 1, "connect": {}}')
        await live.recv()
        assert (await wire.ask(*lines, f"Content-Length: {len(body)}")).status == 100
        server.process.send_signal(number)
        await until(lambda: refuses(server.url))
        await wire.send(body)
        assert (await wire.answer()).status == 200
        with pytest.raises(ConnectionClosed) as closed:
            await live.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 3001
    assert server.process.wait(10) == 0


async def test_a_request_that_never_ends_does_not_hold_up_a_stop(launch: Launch) -> None:
    server = launch()
    async with open_wire(server.url) as wire:
        await wire.send(
            b"POST /api/v0/user_details HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"
        )
        assert server.stop() == 0
        assert await wire.ended()


def refuses(url: str) -> bool:
    """Tell whether nobody accepts connections at an address any more."""
    parts = urlsplit(url)
    try:
        socket.create_connection((str(parts.hostname), int(parts.port or 0))).close()
    except ConnectionError:
        return True
    return False


# Several processes


def children(pid: int) -> set[int]:
    """Return the process ids of a process's children."""
    return {int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something outside of this process has happened."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        await asyncio.sleep(0.02)


async def healthy(url: str) -> bool:
    async with open_wire(url) as wire:
        return (await wire.ask(*HEALTH, "Connection: close")).status == 200


async def test_several_processes_share_a_port_replace_a_crashed_one_and_stop_together(launch: Launch) -> None:
    server = launch("--processes", "2")
    first = children(server.process.pid)
    victim = min(first)
    os.kill(victim, signal.SIGKILL)
    await until(lambda: len(now := children(server.process.pid)) == 2 and victim not in now)
    assert await healthy(server.url)
    assert server.stop() == 0
    assert not any(alive(pid) for pid in first)
    assert len(LISTENING.findall(server.log.read_text())) == 1


async def test_no_child_outlives_its_parent(launch: Launch) -> None:
    server = launch("--processes", "2")
    orphans = children(server.process.pid)
    assert len(orphans) == 2
    server.kill()
    await until(lambda: not any(alive(pid) for pid in orphans))
    assert refuses(server.url)


def alive(pid: int) -> bool:
    """Tell whether a process is more than a name in the table."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


# The own MongoDB


async def test_everything_is_there_after_a_kill_and_the_second_start_is_quick(
    launch: Launch, tmp_path: Path
) -> None:
    own = {**OWN, "DATA_DIR": str(tmp_path / "data")}
    first = launch(**own)
    member = await Api(first.url).register("ann@example.com")
    token = (await Api(first.url).post("/connection/token", Authorization=f"Flux {member['s']}")).json[
        "token"
    ]
    first.kill()
    began = time.monotonic()
    second = launch(**own)
    seconds = time.monotonic() - began
    again = await Api(second.url).post("/api/v0/user_details", {"s": member["s"]})
    assert (again.status, again.json["email"]) == (200, "ann@example.com")
    async with connect(second.socket_url) as live:
        await live.send(f'{{"id": 1, "connect": {{"token": "{token}"}}}}')
        assert '"error"' not in str(await live.recv())  # the generated key was kept
    assert second.stop() == 0
    assert seconds < 3 * slowness(), f"the second start took {seconds:.1f} s"


def slowness() -> float:
    """Return how many programs share a core just now, at least 1."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
