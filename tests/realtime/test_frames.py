"""The seam to Tornado's streams, on a pair of connected sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest
from tornado.iostream import IOStream

from realtime.frames import Joints, Message, SocketLine, encode_frame, join_messages

CONTROL = encode_frame(b"pong", 0x8A)


class Pair:
    """A line, and the socket at its other end."""

    def __init__(self) -> None:
        near, self.far = socket.socketpair()
        near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.far.setblocking(False)
        self.stream = IOStream(near)
        self.codes: list[int] = []
        self.line = SocketLine(self.stream, lambda code, _: self.codes.append(code))
        self.drained = asyncio.Event()
        self.line.call_when_drained(self.drained.set)

    def fill(self) -> bytes:
        """Send until the kernel takes no more, the last message only in part; return all that was sent."""
        sent = b""
        while not self.line.busy:
            message = Message(b"x" * 3000)
            assert self.line.send(message)
            sent += message.frame
        return sent

    async def read(self, size: int) -> bytes:
        """Read exactly so many bytes."""
        found = b""
        while len(found) < size:
            found += await asyncio.get_running_loop().sock_recv(self.far, size - len(found))
        return found


@pytest.fixture
async def pair() -> Pair:
    """Give a connected pair."""
    return Pair()


@pytest.fixture(autouse=True)
def closed(pair: Pair) -> Iterator[None]:
    """Close the pair after the test."""
    yield
    pair.stream.close()
    pair.far.close()


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65535, b"\x81\x7e\xff\xff"),
        (65536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
async def test_a_frame_has_the_shortest_head(size: int, head: bytes) -> None:
    assert encode_frame(b"x" * size) == head + b"x" * size


async def test_an_idle_line_does_not_touch_the_stream(pair: Pair) -> None:
    assert pair.line.send(Message(b"{}"))
    assert (pair.line.busy, pair.stream._total_write_index) == (False, 0)
    assert await pair.read(4) == b"\x81\x02{}"


async def test_a_full_socket_leaves_the_rest_to_the_stream_and_is_busy_until_it_is_out(pair: Pair) -> None:
    sent = pair.fill()
    assert not pair.line.send(Message(b"later"))
    assert await pair.read(len(sent)) == sent
    await asyncio.wait_for(pair.drained.wait(), 5)
    assert pair.line.send(Message(b"later"))
    assert await pair.read(7) == b"\x81\x05later"


async def test_what_others_write_to_the_stream_is_not_overtaken(pair: Pair) -> None:
    sent = b""
    while not pair.stream.writing():
        pair.line.hold(pair.stream.write(CONTROL * 500))
        sent += CONTROL * 500
    assert not pair.line.send(Message(b"later"))
    assert await pair.read(len(sent)) == sent
    await asyncio.wait_for(pair.drained.wait(), 5)
    assert pair.line.send(Message(b"later"))


async def test_a_control_frame_behind_a_message_keeps_the_line_busy(pair: Pair) -> None:
    sent = pair.fill()
    behind = CONTROL * 5000
    pair.line.hold(pair.stream.write(behind))
    assert await pair.read(len(sent)) == sent
    assert (pair.line.busy, pair.drained.is_set()) == (True, False)
    assert await pair.read(len(behind)) == behind
    await asyncio.wait_for(pair.drained.wait(), 5)


async def test_a_socket_that_fails_closes_its_stream(pair: Pair) -> None:
    pair.far.close()
    pair.line.send(Message(b"{}"))
    pair.line.send(Message(b"{}"))
    assert pair.stream.closed()


async def test_a_frame_that_does_not_fit_the_stream_closes_it(pair: Pair) -> None:
    pair.stream.max_write_buffer_size = 1000
    assert pair.line.send(Message(b"x" * 10_000_000))
    assert pair.stream.closed()


async def test_closing_is_left_to_the_protocol(pair: Pair) -> None:
    pair.line.close(3000, "bye")
    assert pair.codes == [3000]


async def test_joining_puts_messages_on_lines_once_for_the_same_messages() -> None:
    first, second, joints = Message(b"{}"), Message(b"[]"), Joints()
    assert joints((first, second)) is joints([first, second])
    assert joints((first, second)).payload == b"{}\n[]"
    assert joints((first,)) is join_messages([first]) is first
