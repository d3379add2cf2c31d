"""A hub behind a bare server, for benches: its channels live in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from realtime.channels import Change, Identity, State
from realtime.connection import Credentials
from realtime.hub import Hub
from realtime.limits import Limits
from realtime.socket import SocketHandler

PATH = "/connection/websocket"
DATA_BYTES = 200


class Numbers:
    """A namespace whose channels all exist."""

    name, boundary = "numbers", ":"
    collections: frozenset[str] = frozenset()

    async def authorise(self, who: Identity, key: str) -> None:
        """Let everyone in."""

    async def read(self, key: str) -> State | None:
        """Return the first state."""
        return State("bench", 1, b"{}")

    def project(self, change: Change) -> Iterable[tuple[str, State | None]]:
        """Follow nothing."""
        return ()

    async def listed(self, who: Identity) -> Sequence[str]:
        """Name nothing."""
        return ()


def make_state(number: int) -> State:
    """Return a state of the size that the promise names."""
    bare = json.dumps({"n": number, "fill": ""})
    return State("bench", number, json.dumps({"n": number, "fill": "x" * (DATA_BYTES - len(bare))}).encode())


async def admit(credentials: Credentials) -> Identity:
    """Let everyone in as nobody."""
    return Identity()


def raise_stage(conflation_ms: int) -> tuple[Hub, HTTPServer, int]:
    """Start a hub and a server for it, on a free port."""
    limits = Limits(conflation_ms=conflation_ms, max_connections=100_000, ping_seconds=3600)
    hub = Hub([Numbers()], limits, version="bench")
    given = {"hub": hub, "authenticate": admit, "allows_origin": lambda _: False}
    server = HTTPServer(Application([(PATH, SocketHandler, given)], log_function=lambda _: None))
    sockets = bind_sockets(0, "127.0.0.1", backlog=1024)
    server.add_sockets(sockets)
    hub.start()
    return hub, server, sockets[0].getsockname()[1]
