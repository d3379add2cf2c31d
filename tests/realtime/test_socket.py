"""The hub over real sockets, spoken to by a plain WebSocket client."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import struct
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from realtime.limits import Limits
from realtime.socket import CONTROL_BYTES, LineProtocol, judge_close
from tests.realtime.conftest import FRIEND, PATH, LiveServer, Serve
from tests.realtime.doubles import make_state


class Client:
    """A WebSocket client that speaks lines of JSON."""

    def __init__(self, line: ClientConnection) -> None:
        self.line = line
        self._waiting: list[dict[str, Any]] = []

    async def say(self, *commands: dict[str, Any]) -> None:
        """Send commands in one message."""
        await self.line.send("\n".join(json.dumps(command) for command in commands))

    async def hear(self) -> dict[str, Any]:
        """Return the next line."""
        if not self._waiting:
            message = await asyncio.wait_for(self.line.recv(), 5)
            self._waiting = [json.loads(line) for line in str(message).split("\n")]
        return self._waiting.pop(0)

    async def ask(self, command: dict[str, Any]) -> dict[str, Any]:
        """Send a command and return the line that answers it."""
        await self.say(command)
        return await self.hear()

    async def end(self) -> int | None:
        """Wait for the end and return the server's close code."""
        try:
            while True:
                await asyncio.wait_for(self.line.recv(), 10)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None


@asynccontextmanager
async def talk(live: LiveServer, *channels: str, **options: Any) -> AsyncIterator[Client]:
    """Connect a client, introduce it and subscribe it."""
    async with connect(live.url, proxy=None, max_size=None, **options) as line:
        client = Client(line)
        if channels:
            await client.ask({"id": 1, "connect": {}})
        for number, channel in enumerate(channels, 2):
            await client.ask({"id": number, "subscribe": {"channel": channel}})
        yield client


async def test_a_publication_travels_to_a_socket(serve: Serve) -> None:
    live = await serve()
    async with talk(live, "polls:1") as client:
        live.hub.publish("polls:1", make_state(2))
        assert (await client.hear())["push"]["pub"] == {"data": {"version": 2, "filler": ""}, "offset": 2}


async def test_connect_and_subscribe_may_come_in_one_message(serve: Serve) -> None:
    live = await serve()
    async with talk(live) as client:
        await client.say({"id": 1, "connect": {}}, {"id": 2, "subscribe": {"channel": "polls:1"}})
        assert [(await client.hear())["id"], (await client.hear())["id"]] == [1, 2]


@pytest.mark.parametrize("size", [10, 200, 70_000, 300_000])
async def test_payloads_of_every_frame_length_arrive(serve: Serve, size: int) -> None:
    live = await serve()
    async with talk(live, "polls:1") as client:
        live.hub.publish("polls:1", make_state(2, size=size))
        assert len((await client.hear())["push"]["pub"]["data"]["filler"]) == size


@pytest.mark.parametrize("message", ["nonsense", b"\x00\x01", '{"id": 1, "rpc": {"method": "time"}}', "[]"])
async def test_what_is_no_command_closes_with_3501(serve: Serve, message: str | bytes) -> None:
    live = await serve()
    async with talk(live) as client:
        await client.line.send(message)
        assert await client.end() == 3501


async def test_a_second_connect_closes_with_3501(serve: Serve) -> None:
    live = await serve()
    async with talk(live, "polls:1") as client:
        await client.say({"id": 9, "connect": {}})
        assert await client.end() == 3501


async def test_saying_nothing_closes_with_3502(serve: Serve) -> None:
    live = await serve(Limits(connect_seconds=0.1))
    async with talk(live) as client:
        assert await client.end() == 3502


async def test_pings_that_stay_unanswered_close_with_3012(serve: Serve) -> None:
    live = await serve(Limits(ping_seconds=0.1, pong_seconds=0.3))
    async with talk(live, "polls:1") as client:
        assert await client.hear() == {}
        assert await client.end() == 3012


async def test_answered_pings_keep_the_line_open(serve: Serve) -> None:
    live = await serve(Limits(ping_seconds=0.1, pong_seconds=0.3))
    async with talk(live, "polls:1") as client:
        for _ in range(6):
            assert await client.hear() == {}
            await client.say({})


async def test_a_bad_token_closes_with_3500(serve: Serve) -> None:
    live = await serve()
    async with talk(live) as client:
        await client.say({"id": 1, "connect": {"token": "nonsense"}})
        assert await client.end() == 3500


async def test_the_upgrade_may_carry_credentials(serve: Serve) -> None:
    live = await serve()
    for headers in ({"Authorization": "user:7"}, {"Cookie": "session=user:7"}):
        async with talk(live, additional_headers=headers) as client:
            await client.ask({"id": 1, "connect": {}})
            (connection,) = live.hub.connections
            assert connection.identity is not None
            assert connection.identity.user == "7"
            await client.line.close()
            await asyncio.wait_for(live.handlers[-1].closed.wait(), 5)


async def test_one_more_than_allowed_closes_with_3504(serve: Serve) -> None:
    live = await serve(Limits(max_connections=1))
    async with talk(live, "polls:1"), talk(live) as late:
        assert await late.end() == 3504


async def test_shutdown_closes_with_3001(serve: Serve) -> None:
    live = await serve()
    async with talk(live, "polls:1") as client:
        stopping = asyncio.ensure_future(live.hub.shutdown())
        assert await client.end() == 3001
        await asyncio.wait_for(stopping, 1)
        assert live.hub.connections == set()


# Browsers


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://{host}", True),
        (FRIEND, True),
        ("https://evil.example", False),
        ("null", False),
        ("http://{host}.evil.example", False),
        ("http://[", False),
    ],
)
async def test_browsers_may_come_from_the_own_and_from_listed_origins(
    serve: Serve, origin: str | None, allowed: bool
) -> None:
    live = await serve()
    own = f"127.0.0.1:{live.port}"
    headers = {} if origin is None else {"Origin": origin.format(host=own)}
    if allowed:
        async with talk(live, "polls:1", additional_headers=headers):
            return
    with pytest.raises(InvalidStatus) as caught:
        async with talk(live, additional_headers=headers):
            pass
    assert caught.value.response.status_code == 403


# The frames


class RawSocket:
    """A client that writes frames byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    @asynccontextmanager
    async def open(cls, live: LiveServer, limit: int = 65536) -> AsyncIterator[RawSocket]:
        """Shake hands; hang up at the end."""
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, limit)
        plain.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", live.port))
        raw = cls(*await asyncio.open_connection(sock=plain, limit=limit))
        raw.writer.write(
            f"GET {PATH} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        assert (await raw.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        try:
            yield raw
        finally:
            raw.writer.transport.abort()

    def write(self, opcode: int, payload: bytes) -> None:
        """Write a masked frame; the mask is zero."""
        size = len(payload)
        head = bytes([0x80 | size]) if size < 126 else struct.pack("!BH", 0x80 | 126, size)
        self.writer.write(bytes([0x80 | opcode]) + head + bytes(4) + payload)

    async def read(self) -> tuple[int, bytes]:
        """Read a frame."""
        first, size = await self.reader.readexactly(2)
        if size == 126:
            (size,) = struct.unpack("!H", await self.reader.readexactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", await self.reader.readexactly(8))
        return first & 0x0F, await self.reader.readexactly(size)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", b""),
        (b"\x03", b"\x03\xea"),
        (b"\x03\xe8", b"\x03\xe8"),
        (b"\x03\xe8bye", b"\x03\xe8"),
        (b"\x03\xe8\xff", b"\x03\xef"),
        *[(struct.pack("!H", code), b"\x03\xea") for code in (0, 999, 1004, 1005, 1006, 1016, 2999, 5000)],
        *[(struct.pack("!H", code), struct.pack("!H", code)) for code in (1007, 1014, 3000, 4999)],
    ],
)
async def test_a_close_frame_is_answered_with_its_code_only_if_that_may_be_sent(
    serve: Serve, payload: bytes, code: bytes
) -> None:
    live = await serve()
    async with RawSocket.open(live) as raw:
        raw.write(0x8, payload)
        assert await raw.read() == (0x8, code)
        assert await raw.reader.read() == b""


def test_an_empty_close_frame_is_valid() -> None:
    assert judge_close(b"") is None


async def test_a_message_over_the_limit_is_refused(serve: Serve) -> None:
    live = await serve(Limits(max_message_bytes=1000))
    async with RawSocket.open(live) as raw:
        raw.write(0x1, b" " * 1001)
        assert await raw.read() == (0x8, b"\x03\xf1message too big")


@pytest.mark.parametrize("text", [b"\xff", b'{"id":1,"connect":{"token":"\xc3"}}', b"\xed\xa0\x80"])
async def test_text_that_is_no_utf_8_is_answered_with_1007(serve: Serve, text: bytes) -> None:
    live = await serve()
    async with RawSocket.open(live) as raw:
        raw.write(0x1, text)
        assert await raw.read() == (0x8, b"\x03\xef")
        assert await raw.reader.read() == b""


async def test_control_frames_and_messages_do_not_mix_on_a_full_line(serve: Serve) -> None:
    """Pongs go through the stream and publications past it: every frame must still be whole."""
    live = await serve(Limits(conflation_ms=0))
    async with RawSocket.open(live, 4096) as raw:
        raw.write(0x1, b'{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"polls:1"}}')
        while b'"subscribe"' not in (await raw.read())[1]:
            pass
        handler = live.handlers[0]
        for offset in range(2, 40):
            live.hub.publish("polls:1", make_state(offset, size=200_000))
            raw.write(0x9, b"%d" % offset)
            await asyncio.sleep(0)
        await asyncio.wait_for(handler.pinged.wait(), 5)
        seen, versions = 0, list[int]()
        while not versions or versions[-1] != 39 or seen != 39:
            opcode, payload = await asyncio.wait_for(raw.read(), 5)
            if opcode == 0xA:
                seen = int(payload)
            else:
                versions += [json.loads(line)["push"]["pub"]["offset"] for line in payload.splitlines()]
        assert versions == sorted(set(versions))
        assert len(versions) < 38, "the slow line has skipped"


async def test_a_reader_that_never_reads_is_closed_and_costs_a_bounded_buffer(serve: Serve) -> None:
    limits = Limits(conflation_ms=0, send_buffer_bytes=100_000)
    live = await serve(limits)
    live.polls.states |= {str(number): make_state(1) for number in range(2000)}
    async with RawSocket.open(live, 4096) as raw:
        raw.write(0x1, b'{"id":1,"connect":{}}')
        await raw.read()
        (connection,) = live.hub.connections
        (handler,) = live.handlers
        await handler.heard.get()
        assert isinstance(handler.ws_connection, LineProtocol)
        stream = handler.ws_connection.stream
        for number in range(2, 2000):
            raw.write(0x1, json.dumps({"id": number, "rpc": {"method": "channels"}}).encode())
            await raw.writer.drain()
            await handler.heard.get()
            assert len(stream._write_buffer) <= limits.send_buffer_bytes + CONTROL_BYTES
            if connection.closed:
                break
        assert live.hub.slow_disconnects == 1


async def test_compression_is_off_unless_asked_for(serve: Serve) -> None:
    live = await serve()
    async with talk(live) as client:
        assert client.line.response is not None
        assert "Sec-WebSocket-Extensions" not in client.line.response.headers


async def test_compressed_lines_carry_the_same_messages(serve: Serve) -> None:
    live = await serve(Limits(conflation_ms=0), compress=True)
    async with talk(live, "polls:1") as client, talk(live, "polls:1", compression=None) as plain:
        assert client.line.response is not None
        assert "permessage-deflate" in client.line.response.headers["Sec-WebSocket-Extensions"]
        for offset in range(2, 6):
            live.hub.publish("polls:1", make_state(offset, size=5000))
            assert [(await each.hear())["push"]["pub"]["offset"] for each in (client, plain)] == [offset] * 2


async def test_a_client_that_vanishes_is_forgotten(serve: Serve) -> None:
    live = await serve()
    async with RawSocket.open(live) as raw:
        raw.write(0x1, b'{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"polls:1"}}')
        while b'"subscribe"' not in (await raw.read())[1]:
            pass
        assert live.hub.subscriptions == 1
        raw.writer.transport.abort()
        await asyncio.wait_for(live.handlers[0].closed.wait(), 5)
        assert (live.hub.connections, live.hub.subscriptions) == (set(), 0)


async def test_a_connection_that_has_ended_leaves_nothing_to_the_garbage_collector(serve: Serve) -> None:
    live = await serve()
    async with talk(live, "polls:1") as client:
        (handler,) = live.handlers
        assert isinstance(handler.ws_connection, LineProtocol)
        protocol = weakref.ref(handler.ws_connection)
        gc.disable()
        try:
            await client.line.close()
            await asyncio.wait_for(handler.closed.wait(), 5)
            # The next deadlines of what is closed are let pass.
            live.hub.wheel.turn(live.hub.monotonic() + 100)
            for _ in range(5):
                await asyncio.sleep(0)
            assert protocol() is None
        finally:
            gc.enable()


async def test_the_line_knows_what_the_protocol_writes_to_the_stream(serve: Serve) -> None:
    live = await serve()
    async with RawSocket.open(live, 4096):
        protocol = live.handlers[0].ws_connection
        assert isinstance(protocol, LineProtocol)
        assert protocol.line is not None
        protocol.stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        while not protocol.stream.writing():
            assert not protocol.line.busy
            protocol._write_frame(True, 0x9, b"x" * 125)
        assert protocol.line.busy
