"""Many idle live connections: what each costs, and how soon all of them hear of a publication."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise
from statistics import median
from time import monotonic, process_time
from typing import Any

from handlers.core.processes import run_loop
from realtime.hub import Hub
from scripts.bench._audience import Heard, Seats, introduce, seat
from scripts.bench._delays import summarise
from scripts.bench._peers import CHANNELS
from scripts.bench._program import Order, Program, allow_descriptors, obey, start
from scripts.bench._stage import PATH, make_state, raise_stage

CHANNEL = CHANNELS[0]
IDLE = 3.0  # seconds
WARM_UP = 200  # connections after which the allocator's first growth is over
AN_AUDIENCE = 5000  # clients in a process
PAUSE = 0.5  # seconds between publications
BEAT = 0.001  # seconds


# The server


def resident() -> int:
    """Return this process's resident bytes."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@asynccontextmanager
async def watch_loop() -> AsyncIterator[list[float]]:
    """Note how late the loop is for a beat, again and again."""
    late: list[float] = []

    async def beat() -> None:
        while True:
            began = monotonic()
            await asyncio.sleep(BEAT)
            late.append(monotonic() - began - BEAT)

    task = asyncio.create_task(beat())
    try:
        yield late
    finally:
        task.cancel()


async def serve() -> None:
    """Serve the hub; look at memory and CPU, or publish, as ordered."""
    allow_descriptors()
    hub, _, port = raise_stage(50)

    async def carry_out(order: Order) -> dict[str, Any]:
        if "offset" in order:
            return await publish(hub, order["offset"])
        if order["collect"]:
            gc.collect()
        return {"resident": resident(), "cpu": process_time(), "subscriptions": hub.subscriptions}

    await obey(port, carry_out)


async def publish(hub: Hub, offset: int) -> dict[str, float]:
    """Publish once; return when, and what it did to the loop."""
    async with watch_loop() as late:
        await asyncio.sleep(10 * BEAT)
        began, spent = monotonic(), process_time()
        hub.publish(CHANNEL, make_state(offset))
        await asyncio.sleep(0)
        await hub.settle()
        took, cost = monotonic() - began, process_time() - spent
        await asyncio.sleep(10 * BEAT)
    return {"at": began, "took": took, "cpu": cost, "stall": max(late)}


# The bench


async def run(
    progress: Callable[[str], None], *, clients: int = 15_000, publications: int = 20
) -> dict[str, Any]:
    """Fill a server with clients, let them idle, then publish to all of them."""
    async with start(sys.executable, "-m", "scripts.bench.connections") as program, AsyncExitStack() as stack:
        await stack.enter_async_context(seat(Seats(program.port, PATH, WARM_UP, introduce([CHANNEL]))))
        before = await program.tell(collect=True)
        looks, audiences = [before], []
        for first in range(0, clients, AN_AUDIENCE):
            progress(f"connections: {first} of {clients} seated")
            count = min(AN_AUDIENCE, clients - first)
            seats = Seats(program.port, PATH, count, introduce([CHANNEL]), record=True)
            audiences.append(await stack.enter_async_context(seat(seats)))
            looks.append(await program.tell(collect=False))
        progress(f"connections: {clients} idle")
        found = describe_cost(looks, await program.tell(collect=True), clients)
        idle = await program.tell(collect=False)
        await asyncio.sleep(IDLE)
        later = await program.tell(collect=False)
        found["idle_cpu_percent"] = (later["cpu"] - idle["cpu"]) / IDLE * 100
        told = [await tell_all(program, progress, number) for number in range(2, 2 + publications)]
        program.end()
    return found | describe_publications(told, audiences, clients)


async def tell_all(program: Program, progress: Callable[[str], None], number: int) -> dict[str, Any]:
    """Publish to everybody, and leave them time to read."""
    progress(f"connections: publication {number - 1}")
    told = await program.tell(offset=number)
    await asyncio.sleep(PAUSE)
    return told


def describe_cost(looks: Sequence[dict[str, Any]], after: dict[str, Any], clients: int) -> dict[str, Any]:
    """Return what a connection costs; the first and the last portion of them apart."""
    parts = [
        (after["cpu"] - before["cpu"]) / (after["subscriptions"] - before["subscriptions"]) * 1e6
        for before, after in pairwise(looks)
    ]
    return {
        "clients": after["subscriptions"] - looks[0]["subscriptions"],
        "rss_kib_each": (after["resident"] - looks[0]["resident"]) / clients / 1024,
        "handshake_cpu_us": {"first": parts[0], "last": parts[-1]},
    }


def describe_publications(
    told: Sequence[dict[str, Any]], audiences: Sequence[Heard], clients: int
) -> dict[str, Any]:
    """Return how a publication to everybody went, from the call to the receipts."""
    delays = []
    for offset, each in enumerate(told, 2):
        moments = [moment for audience in audiences for moment in audience.moments[offset]]
        if len(moments) != clients:
            raise RuntimeError(f"publication {offset} has reached {len(moments)} of {clients}")
        delays.append([moment - each["at"] for moment in moments])
    return {
        "publications": len(told),
        "receipt": summarise([delay for some in delays for delay in some]),
        "last_receipt_ms": median(max(some) for some in delays) * 1000,
        "handed_out_ms": median(each["took"] for each in told) * 1000,
        "cpu_us_a_delivery": median(each["cpu"] for each in told) / clients * 1e6,
        "loop_stall_ms": {
            "median": median(each["stall"] for each in told) * 1000,
            "worst": max(each["stall"] for each in told) * 1000,
        },
    }


if __name__ == "__main__":
    run_loop(serve())
