"""A hub behind a real server on a real port."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from tornado.httpserver import HTTPServer
from tornado.web import Application

from realtime.hub import Hub
from realtime.limits import Limits
from realtime.socket import SocketHandler
from tests.realtime.doubles import Polls, recognise

PATH = "/connection/websocket"
FRIEND = "https://friend.example"
PORTS = itertools.count(20_000 + os.getpid() % 9_000)


def bind_free_port(port: int | None = None) -> socket.socket:
    """Bind a port below the ephemeral range, so that no outgoing connection takes it meanwhile."""
    for candidate in PORTS if port is None else [port]:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", candidate))
        except OSError:
            listening.close()
            continue
        listening.listen(128)
        listening.setblocking(False)
        return listening
    raise OSError("no port is free")


class WatchedHandler(SocketHandler):
    """Tells the test when it opens, what it hears, and when it closes."""

    def initialize(self, watched: list[WatchedHandler], **given: Any) -> None:  # type: ignore[override]
        super().initialize(**given)
        self.watched = watched
        self.pinged = asyncio.Event()
        self.heard: asyncio.Queue[str | bytes] = asyncio.Queue()
        self.closed = asyncio.Event()

    def open(self) -> None:
        super().open()
        self.watched.append(self)

    def on_message(self, message: str | bytes) -> Awaitable[None] | None:
        self.heard.put_nowait(message)
        return super().on_message(message)

    def on_ping(self, data: bytes) -> None:
        self.pinged.set()

    def on_close(self) -> None:
        super().on_close()
        self.closed.set()


@dataclass
class LiveServer:
    """A running server with its hub."""

    port: int
    hub: Hub
    polls: Polls
    server: HTTPServer
    handlers: list[WatchedHandler] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Return where the hub answers."""
        return f"ws://127.0.0.1:{self.port}{PATH}"

    async def stop(self) -> None:
        """Close everything."""
        self.server.stop()
        await self.hub.shutdown()
        await self.server.close_all_connections()


Serve = Callable[..., Awaitable[LiveServer]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Give a function that starts servers, which are stopped after the test."""
    async with AsyncExitStack() as stack:

        async def start(
            limits: Limits | None = None, *, port: int | None = None, compress: bool = False
        ) -> LiveServer:
            polls = Polls()
            hub = Hub([polls], limits or Limits(), version="0.1.0")
            handlers: list[WatchedHandler] = []
            routed = {
                "watched": handlers,
                "hub": hub,
                "authenticate": recognise,
                "allows_origin": lambda origin: origin == FRIEND,
                "compress": compress,
            }
            server = HTTPServer(Application([(PATH, WatchedHandler, routed)], log_function=lambda _: None))
            listening = bind_free_port(port)
            server.add_socket(listening)
            hub.start()
            live = LiveServer(listening.getsockname()[1], hub, polls, server, handlers)
            stack.push_async_callback(live.stop)
            return live

        yield start
