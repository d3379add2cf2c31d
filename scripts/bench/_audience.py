"""A process full of live clients that only listen; its argument describes them in JSON.

It says `ready` once everybody has been welcomed, reads what comes, and leaves when its input ends, with a
report of what was heard as JSON.
"""

from __future__ import annotations

import asyncio
import json
import re
import selectors
import socket
import struct
import sys
import time
from asyncio.subprocess import PIPE
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field

from scripts.bench._program import allow_descriptors

HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
REQUEST = "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
OFFSET = re.compile(rb'"offset":(\d+)')
NAP = 0.005  # seconds between two looks at the sockets
TOGETHER = 50  # sockets that shake hands side by side
AN_ADDRESS = 5000  # clients


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a client says after the handshake, and what it has to hear before it counts as welcomed."""

    hello: str = ""
    welcome: str = "\r\n\r\n"


SILENCE = Greeting()


@dataclass(frozen=True, slots=True)
class Seats:
    """Clients that are alike; those that `stream` read server-sent events instead of a WebSocket.

    `record` notes when each offset arrives, otherwise bytes are counted.
    """

    port: int
    path: str
    count: int
    greeting: Greeting = SILENCE
    stream: bool = False
    record: bool = False


@dataclass(slots=True)
class Heard:
    """What clients report: bytes, and by offset the moments (monotonic seconds) of its receipts."""

    bytes: int = 0
    moments: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))


def introduce(channels: Sequence[str]) -> Greeting:
    """Return what a client of the hub says to subscribe, and what it hears then."""
    commands = [{"id": 1, "connect": {}}]
    commands += [{"id": n, "subscribe": {"channel": channel}} for n, channel in enumerate(channels, 2)]
    hello = "\n".join(json.dumps(command) for command in commands)
    return Greeting(hello, f'{{"id":{len(commands)},')


def mask(text: str) -> bytes:
    """Return a client's text frame; the mask is zero, which leaves the payload as it is."""
    payload = text.encode()
    size = len(payload)
    head = struct.pack("!BB", 0x81, 0x80 | size) if size < 126 else struct.pack("!BBH", 0x81, 0xFE, size)
    return head + bytes(4) + payload


def await_text(client: socket.socket, wanted: str) -> None:
    """Read until the text has come."""
    heard = b""
    while wanted.encode() not in heard:
        part = client.recv(65536)
        if not part:
            raise ConnectionError(heard)
        heard += part


def open_sockets(seats: Seats) -> list[socket.socket]:
    """Connect the clients; a source address serves some thousands of ports."""
    opened: list[socket.socket] = []
    head = (REQUEST if seats.stream else HANDSHAKE).format(path=seats.path).encode()
    while len(opened) < seats.count:
        batch = []
        for number in range(len(opened), min(len(opened) + TOGETHER, seats.count)):
            source = (f"127.0.0.{2 + number // AN_ADDRESS}", 0)
            batch.append(socket.create_connection(("127.0.0.1", seats.port), 60, source))
        for each in batch:
            each.sendall(head)
        if seats.greeting.hello:
            for each in batch:
                await_text(each, "\r\n\r\n")
                each.sendall(mask(seats.greeting.hello))
        for each in batch:
            await_text(each, seats.greeting.welcome)
        opened += batch
    return opened


def listen(opened: Sequence[socket.socket], *, record: bool) -> Heard:
    """Read everything until the input ends."""
    heard = Heard()
    selector = selectors.DefaultSelector()
    selector.register(sys.stdin, selectors.EVENT_READ)
    for each in opened:
        each.setblocking(False)
        selector.register(each, selectors.EVENT_READ)
    while True:
        ready = selector.select()
        # All of these have arrived by now; how long one process takes to read them is its own affair.
        now = time.monotonic()
        if not record:
            # Clients elsewhere would not be woken by the server's CPU for each frame: read in batches.
            time.sleep(NAP)
        for key, _ in ready:
            if not isinstance(key.fileobj, socket.socket):
                return heard
            data = key.fileobj.recv(1 << 16)
            heard.bytes += len(data)
            if not data:
                selector.unregister(key.fileobj)
            elif record:
                for offset in OFFSET.findall(data):
                    heard.moments[int(offset)].append(now)


def main(described: str) -> None:
    """Be the audience."""
    allow_descriptors()
    given = json.loads(described)
    seats = Seats(**given | {"greeting": Greeting(**given["greeting"])})
    opened = open_sockets(seats)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    heard = listen(opened, record=seats.record)
    json.dump({"bytes": heard.bytes, "moments": heard.moments}, sys.stdout)


@asynccontextmanager
async def seat(seats: Seats) -> AsyncIterator[Heard]:
    """Run an audience while the block does; what it heard is known after that."""
    command = [sys.executable, "-m", "scripts.bench._audience", json.dumps(asdict(seats))]
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the audience has no pipes")
    if await process.stdout.readline() != b"ready\n":
        raise RuntimeError("the audience could not be seated")
    heard = Heard()
    try:
        yield heard
    finally:
        process.stdin.close()
        report = await process.stdout.read()
        await process.wait()
    found = json.loads(report)
    heard.bytes = found["bytes"]
    for offset, moments in found["moments"].items():
        heard.moments[int(offset)] += moments


if __name__ == "__main__":
    main(*sys.argv[1:])
