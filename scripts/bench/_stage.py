"""A hub behind a bare server, for benches: its channels live in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from realtime.channels import Change, Identity, State
from realtime.connection import Credentials
from realtime.hub import Hub
from realtime.limits import Limits
from realtime.socket import SocketHandler

PATH = "/connection/websocket"


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


async def admit(credentials: Credentials) -> Identity:
    """Let everyone in as nobody."""
    return Identity()


def raise_stage(conflation_ms: int, routes: Sequence[Any] = ()) -> tuple[Hub, HTTPServer, int]:
    """Start a hub and a server for it, on a free port."""
    limits = Limits(conflation_ms=conflation_ms, max_connections=100_000, ping_seconds=3600)
    hub = Hub([Numbers()], limits, version="bench")
    given = {"hub": hub, "authenticate": admit, "allows_origin": lambda _: False}
    server = HTTPServer(Application([(PATH, SocketHandler, given), *routes], log_function=lambda _: None))
    sockets = bind_sockets(0, "127.0.0.1", backlog=1024)
    server.add_sockets(sockets)
    hub.start()
    return hub, server, sockets[0].getsockname()[1]
