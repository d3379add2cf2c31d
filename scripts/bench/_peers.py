"""Servers that tell all their clients the same, each in the way of its library; the hub is one of them.

As a program (`python -m scripts.bench._peers NAME`) it is one of those in Python; the others are beside it,
in `peers`, and are left out where there is no node.
"""

from __future__ import annotations

import asyncio
import fcntl
import shutil
import subprocess
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketHandler

from handlers.core.processes import run_loop
from scripts.bench._audience import SILENCE, Greeting, introduce
from scripts.bench._program import Order, obey
from scripts.bench._stage import PATH, make_state, raise_stage

CHANNELS = tuple(f"numbers:{number}" for number in range(5))
ON_NODE = {
    "ws": ("ws.mjs", "/", SILENCE),
    "socket.io": ("socketio.mjs", "/socket.io/?EIO=4&transport=websocket", Greeting("40", "40{")),
}
FOLDER = Path(__file__).parent / "peers"
OWN = (sys.executable, "-m", "scripts.bench._peers")


@dataclass(frozen=True, slots=True)
class Peer:
    """A server program, and how its clients join."""

    command: Sequence[str]
    path: str = "/"
    greeting: Greeting = SILENCE


def find_peers(progress: Callable[[str], None]) -> dict[str, Peer]:
    """Return the peers that can run here; the hub is the first."""
    peers = {
        "hub": Peer((*OWN, "hub"), PATH, introduce(CHANNELS)),
        "tornado write_message": Peer((*OWN, "tornado")),
        "tornado write_message, uvloop": Peer((*OWN, "tornado-uvloop")),
        "websockets broadcast": Peer((*OWN, "websockets")),
    }
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return peers
    install(npm, progress)
    for name, (program, path, greeting) in ON_NODE.items():
        peers[name] = Peer((node, str(FOLDER / program)), path, greeting)
    return peers


def install(npm: str, progress: Callable[[str], None]) -> None:
    """Install what the lock file names, unless it is there."""
    lock = FOLDER / "package-lock.json"
    stamp = FOLDER / "node_modules" / ".installed"
    with lock.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        wanted = file.read()
        if stamp.exists() and stamp.read_bytes() == wanted:
            return
        progress("installing ws and socket.io")
        subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=FOLDER, check=True, stdout=sys.stderr)
        stamp.write_bytes(wanted)


# The programs


Program = Callable[[], Coroutine[None, None, None]]
Send = Callable[[Order, int], Any]  # sends the publications of one turn


async def publish(port: int, send: Send) -> None:
    """Publish as ordered; count the CPU seconds of everything that it takes."""

    async def carry_out(order: Order) -> dict[str, float]:
        began = process_time()
        for turn in range(len(order["texts"])):
            sending = send(order, turn)
            if sending is not None:
                await sending
            await asyncio.sleep(order["pause"])
        return {"cpu": process_time() - began}

    await obey(port, carry_out)


async def be_hub() -> None:
    """Publish by the hub, which encodes by itself."""
    hub, _, port = raise_stage(0)

    async def send(order: Order, turn: int) -> None:
        for channel in order["channels"]:
            hub.publish(channel, make_state(order["first"] + turn))
        await hub.settle()

    await publish(port, send)


class PlainHandler(WebSocketHandler):
    """What one would write without a hub."""

    def initialize(self, everybody: list[PlainHandler]) -> None:
        """Take the list of everybody."""
        self._everybody = everybody

    def open(self) -> None:
        """Join everybody."""
        self.set_nodelay(True)
        self._everybody.append(self)

    def on_message(self, message: str | bytes) -> None:
        """Ignore what is said."""


async def be_tornado() -> None:
    """Write the publications to each client, as a loop over `write_message` does."""
    everybody: list[PlainHandler] = []
    routes = [("/", PlainHandler, {"everybody": everybody})]
    server = HTTPServer(Application(routes, log_function=lambda _: None))
    sockets = bind_sockets(0, "127.0.0.1", backlog=1024)
    server.add_sockets(sockets)

    def send(order: Order, turn: int) -> None:
        for text in order["texts"][turn]:
            for handler in everybody:
                handler.write_message(text)

    await publish(sockets[0].getsockname()[1], send)


async def be_websockets() -> None:
    """Broadcast the publications."""
    # For tests only: nobody else needs to have it installed.
    from websockets.asyncio.server import ServerConnection, broadcast, serve

    async def stay(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async with serve(stay, "127.0.0.1", 0, compression=None, ping_interval=None) as server:

        def send(order: Order, turn: int) -> None:
            for text in order["texts"][turn]:
                broadcast(server.connections, text)

        await publish(next(iter(server.sockets)).getsockname()[1], send)


# The hub's server runs on uvloop, and `websockets` is better off there; Tornado also as it comes.
PROGRAMS: Mapping[str, tuple[Callable[[Coroutine[None, None, None]], None], Program]] = {
    "hub": (run_loop, be_hub),
    "tornado": (asyncio.run, be_tornado),
    "tornado-uvloop": (run_loop, be_tornado),
    "websockets": (run_loop, be_websockets),
}


def main(name: str) -> None:
    """Be one of the servers."""
    run_with, program = PROGRAMS[name]
    run_with(program())


if __name__ == "__main__":
    main(*sys.argv[1:])
