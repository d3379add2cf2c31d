"""A tenth of the subscribers never read: the others notice nothing, and the server does not grow."""

from __future__ import annotations

import asyncio
import itertools
import socket
import statistics
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from realtime.connection import Connection
from storage.stores import Stores
from tests.faults.checking import POLLS, UPDATES
from tests.faults.crowd import Closed, Member, gathering
from tests.serving import Served

READERS, SILENT = 270, 15  # as many silent ones for each kind of channel
SMALL = 4096  # bytes that the kernel keeps for a silent client, on either side
BOUND = 64 << 10  # bytes that the server keeps
FILLER = "x" * 8000
ROUNDS = 12
TRIES = 4


@dataclass
class Reader:
    """Somebody who reads: notes when each message of the stream came, and every offset."""

    member: Member
    offsets: list[int] = field(default_factory=list)
    came: dict[int, float] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self) -> None:
        """Read on and on."""
        assert self.member.next is not None
        lines = await self.member.next
        while True:
            for line in lines:
                if line["push"]["channel"] == UPDATES:
                    offset = line["push"]["pub"]["offset"]
                    self.offsets.append(offset)
                    self.came[offset] = time.monotonic()
                    self.changed.set()
            lines = await self.member.hear()

    async def reach(self, offset: int) -> float:
        """Wait for a message; return when it came."""
        while offset not in self.came:
            self.changed.clear()
            await self.changed.wait()
        return self.came[offset]


class Square:
    """A server in this process, those who read, and what is said to all."""

    def __init__(self, served: Served, readers: Sequence[Reader]) -> None:
        self.served = served
        self.readers = readers
        self._turns = itertools.count()

    async def say(self) -> float:
        """Post a long message and a vote; return the 99th percentile of when the readers had the former."""
        stores = self.served.stores
        member = await stores.accounts.register(
            f"voter{next(self._turns)}@example.com", {}, ip=None, mails=lambda _: ()
        )
        began = time.monotonic()
        offset = await stores.database.transaction(
            lambda session: stores.outbox.add(UPDATES, {"filler": FILLER}, session)
        )
        await stores.polls.cast(1, member.person["_id"], "100")
        times = sorted([await reader.reach(offset) - began for reader in self.readers])
        return times[len(times) * 99 // 100]

    async def measure(self) -> float:
        """Return the median of several rounds."""
        return statistics.median([await self.say() for _ in range(ROUNDS)])

    def find(self, replies: Sequence[Any]) -> list[Connection]:
        """Find the server's side of clients, and have the kernel keep little for them."""
        names = {reply["client"] for reply in replies}
        found = [each for each in self.served.application.hub.connections if each.client in names]
        assert len(found) == len(replies)
        for each in found:
            line: socket.socket = each.transport._stream.socket  # type: ignore[attr-defined]
            line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        return found


def silent(served: Served, channel: str) -> list[Member]:
    """Return clients that will not read anything after the reply."""
    return [Member(served.socket_url, {"subs": {channel: {}}}, SMALL) for _ in range(SILENT)]


async def measure_both(square: Square) -> float:
    """Measure without and with silent subscribers, and check what becomes of those; return the ratio."""
    served, hub = square.served, square.served.application.hub
    before, slow = await square.measure(), hub.slow_disconnects
    streams, states = silent(served, UPDATES), silent(served, POLLS)
    async with gathering([*streams, *states], reads=False) as replies:
        lines = square.find(replies)
        after = await square.measure()
        async with asyncio.timeout(30):
            while hub.slow_disconnects - slow < SILENT:
                await square.say()
        kept = [sum(len(each.payload) for each in (line.outbox or {}).values()) for line in lines]
        assert max(kept) <= BOUND
        assert await asyncio.gather(*map(read_to_end, streams)) == [3008] * SILENT
        newest = await served.stores.polls.tally(1)
        seen = await asyncio.gather(*(read_versions(each, newest.version) for each in states))
    assert hub.slow_disconnects - slow == SILENT, "a state channel closed somebody"
    for versions in seen:
        assert versions == sorted(set(versions)), "a state came twice, or after a newer one"
    return after / before


async def read_to_end(member: Member) -> int:
    """Begin to read; return the code of the end."""
    try:
        while True:
            await member.hear()
    except Closed as end:
        return end.code


async def read_versions(member: Member, last: int) -> list[int]:
    """Begin to read; return the versions up to the last."""
    versions = [0]
    while versions[-1] < last:
        versions += [line["push"]["pub"]["offset"] for line in await member.hear()]
    return versions


@pytest.mark.settings(send_buffer_bytes=BOUND)
async def test_silent_subscribers_slow_nobody_down(server: Served, stores: Stores) -> None:
    readers = [Reader(Member(server.socket_url, {"subs": {UPDATES: {}, POLLS: {}}})) for _ in range(READERS)]
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(gathering([each.member for each in readers]))
        tasks = [asyncio.create_task(each.read()) for each in readers]
        square = Square(server, readers)
        await square.say()
        ratios = []
        for _ in range(TRIES):
            ratios.append(await measure_both(square))
            if ratios[-1] < 2:
                break
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert min(ratios) < 2, f"silent subscribers made the others wait: {ratios}"
    (heard,) = {tuple(each.offsets) for each in readers}
    assert heard == tuple(range(heard[0], heard[0] + len(heard)))
