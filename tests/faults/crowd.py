"""Very many clients of the hub at once, each as light as can be: a socket, a handshake, one command."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import struct
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

SIDE_BY_SIDE = 500  # handshakes; more would overrun the queue of connections that wait to be accepted
LONGEST_WAIT = 90.0


def mask(text: str) -> bytes:
    """Return a text frame as clients send it; a mask of zeros is a mask."""
    payload = text.encode()
    size = len(payload)
    head = struct.pack("!BB", 0x81, 0x80 | size) if size < 126 else struct.pack("!BBH", 0x81, 0xFE, size)
    return head + b"\0\0\0\0" + payload


@dataclass
class Member:
    """One client; `buffer` is how much the kernel keeps for it."""

    url: str
    request: Mapping[str, Any]
    buffer: int = 0
    reader: asyncio.StreamReader = field(init=False)
    writer: asyncio.StreamWriter | None = None
    next: asyncio.Task[list[Any]] | None = None  # what comes after the reply

    async def join(self) -> Mapping[str, Any]:
        """Connect and introduce itself; return the reply to that."""
        parts = urlsplit(self.url)
        line = socket.socket()
        line.setblocking(False)
        if self.buffer:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.buffer)
        await asyncio.get_running_loop().sock_connect(line, (parts.hostname, parts.port))
        self.reader, writer = await asyncio.open_connection(sock=line, limit=1 << 16)
        self.writer = writer
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            *(f"GET {parts.path} HTTP/1.1", f"Host: {parts.netloc}", "Upgrade: websocket"),
            *("Connection: Upgrade", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", "", ""),
        ]
        writer.write("\r\n".join(lines).encode())
        head = await self.reader.readuntil(b"\r\n\r\n")
        assert b" 101 " in head, head
        writer.write(mask(json.dumps({"id": 1, "connect": self.request})))
        reply: Mapping[str, Any] = (await self.hear())[0]
        return reply["connect"]  # type: ignore[no-any-return]

    async def hear(self) -> list[Any]:
        """Read the next message that says something; pings are answered on the way."""
        while True:
            lines = map(json.loads, (await self._read()).split(b"\n"))
            if said := [line for line in lines if line]:
                return said
            assert self.writer is not None
            self.writer.write(mask("{}"))

    async def _read(self) -> bytes:
        first, size = await self.reader.readexactly(2)
        if size == 126:
            (size,) = struct.unpack("!H", await self.reader.readexactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", await self.reader.readexactly(8))
        payload = await self.reader.readexactly(size)
        if first != 0x81:
            raise Closed(struct.unpack_from("!H", payload)[0])
        return payload

    def leave(self) -> None:
        """Hang up."""
        if self.next is not None:
            self.next.cancel()
        if self.writer is not None:
            self.writer.transport.abort()


class Closed(Exception):
    """The server closed with a code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


@asynccontextmanager
async def gathering(
    members: Sequence[Member], *, reads: bool = True
) -> AsyncIterator[list[Mapping[str, Any]]]:
    """Have all join at once; give the replies in their order, and have all leave at the end.

    Who `reads` waits for what comes next, and answers pings meanwhile.
    """
    room = asyncio.Semaphore(SIDE_BY_SIDE)

    async def join(member: Member) -> Mapping[str, Any]:
        async with room:
            reply = await member.join()
        if reads:
            member.next = asyncio.create_task(member.hear())
        return reply

    try:
        async with asyncio.timeout(LONGEST_WAIT):
            replies = await asyncio.gather(*map(join, members))
        yield replies
    finally:
        for member in members:
            member.leave()
        await asyncio.gather(*(each.next for each in members if each.next), return_exceptions=True)
