"""A process full of live clients that only listen; arguments: PORT PATH COUNT CHANNEL….

It says `ready` once everybody has subscribed, discards what it hears, and leaves when its input ends.
"""

from __future__ import annotations

import asyncio
import json
import resource
import selectors
import socket
import struct
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
NAP = 0.005  # seconds between two looks at the sockets
TOGETHER = 50  # sockets that shake hands side by side


def mask(text: str) -> bytes:
    """Return a client's text frame; the mask is zero, which leaves the payload as it is."""
    payload = text.encode()
    size = len(payload)
    head = struct.pack("!BB", 0x81, 0x80 | size) if size < 126 else struct.pack("!BBH", 0x81, 0xFE, size)
    return head + bytes(4) + payload


def introduce(channels: Sequence[str]) -> bytes:
    """Return the frame with which a client connects and subscribes."""
    commands = [{"id": 1, "connect": {}}]
    commands += [{"id": n, "subscribe": {"channel": channel}} for n, channel in enumerate(channels, 2)]
    return mask("\n".join(json.dumps(command) for command in commands))


def open_sockets(port: int, path: str, count: int, channels: Sequence[str]) -> list[socket.socket]:
    """Connect the clients; a source address serves some thousands of ports."""
    opened: list[socket.socket] = []
    while len(opened) < count:
        batch = []
        for number in range(len(opened), min(len(opened) + TOGETHER, count)):
            source = (f"127.0.0.{2 + number // 5000}", 0)
            batch.append(socket.create_connection(("127.0.0.1", port), 30, source))
        for each in batch:
            each.sendall(HANDSHAKE.format(path=path).encode())
        for each in batch:
            each.recv(4096)
            if channels:
                each.sendall(introduce(channels))
        for each in batch:
            if channels:
                each.recv(65536)
        opened += batch
    return opened


def listen(opened: Sequence[socket.socket]) -> None:
    """Discard everything until the input ends."""
    selector = selectors.DefaultSelector()
    selector.register(sys.stdin, selectors.EVENT_READ)
    for each in opened:
        each.setblocking(False)
        selector.register(each, selectors.EVENT_READ)
    waste = bytearray(1 << 16)
    while True:
        ready = selector.select()
        # Clients elsewhere would not be woken by the server's CPU for each frame: read in batches.
        time.sleep(NAP)
        for key, _ in ready:
            if key.fileobj is sys.stdin:
                return
            if isinstance(key.fileobj, socket.socket) and not key.fileobj.recv_into(waste):
                selector.unregister(key.fileobj)


def main(port: str, path: str, count: str, *channels: str) -> None:
    """Be the audience."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    opened = open_sockets(int(port), path, int(count), channels)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    listen(opened)


@asynccontextmanager
async def seat(port: int, path: str, count: int, *channels: str) -> AsyncIterator[Process]:
    """Run an audience while the block does."""
    command = ["-m", "scripts.bench._audience", str(port), path, str(count), *channels]
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdin=PIPE, stdout=PIPE)
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the audience has no pipes")
    if await process.stdout.readline() != b"ready\n":
        raise RuntimeError("the audience could not be seated")
    try:
        yield process
    finally:
        process.stdin.close()
        await process.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
