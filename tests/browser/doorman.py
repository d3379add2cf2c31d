"""The hub as a test wants it to be, for pages that should cope with anything."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from playwright.async_api import WebSocketRoute


class Doorman:
    """Plays the hub for one page: keeps what it says, answers its first command."""

    def __init__(self, connected: Mapping[str, Any] | None = None) -> None:
        self.connected = {"client": "a", "ping": 25, **(connected or {})}
        self.sockets: list[WebSocketRoute] = []
        self.heard: asyncio.Queue[Any] = asyncio.Queue()

    def accept(self, socket: WebSocketRoute) -> None:
        """Take a connection."""
        self.sockets.append(socket)
        socket.on_message(self.hear)

    def hear(self, message: str | bytes) -> None:
        """Keep a message; say that the connection stands."""
        command = json.loads(message)
        if "connect" in command:
            self.sockets[-1].send(json.dumps({"id": command["id"], "connect": self.connected}))
        self.heard.put_nowait(command)

    async def next(self, word: str | None) -> Any:
        """Wait for a command of a kind; None for a bare pong."""
        while True:
            command = await self.heard.get()
            if (word in command) if word else not command:
                return command

    def answer(self, command: Any, method: str, result: Mapping[str, Any]) -> None:
        """Answer a command."""
        self.sockets[-1].send(json.dumps({"id": command["id"], method: result}))
