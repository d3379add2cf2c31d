"""CPU of one delivery: the hub against Tornado's `write_message` to each client, in the same run."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Awaitable, Callable
from statistics import median
from time import process_time
from typing import Any

from tornado.websocket import WebSocketHandler

from realtime.channels import State
from realtime.hub import Hub
from realtime.protocol import encode_publication
from scripts.bench._audience import seat
from scripts.bench._stage import PATH, raise_stage

PLAIN = "/plain"
BURST = 5  # channels that change in one turn of the loop
DATA_BYTES = 200
TURNS = 3  # of the loop until the tasks that `write_message` makes are done
WARM_UP = 20  # sends before each measurement: TCP acknowledges everything at once after a rest
PAUSE = 0.01  # seconds in which the audience reads

Round = Callable[[int], Awaitable[None]]


class PlainHandler(WebSocketHandler):
    """What one would write without a hub."""

    def initialize(self, everybody: list[PlainHandler]) -> None:
        """Take the list of everybody."""
        self._everybody = everybody

    def open(self) -> None:
        """Join everybody."""
        self.set_nodelay(True)
        self._everybody.append(self)

    def on_message(self, message: str | bytes) -> None:
        """Ignore what is said."""


def make_state(number: int) -> State:
    """Return a state of the size that the promise names."""
    bare = json.dumps({"n": number, "fill": ""})
    return State("bench", number, json.dumps({"n": number, "fill": "x" * (DATA_BYTES - len(bare))}).encode())


async def send_plainly(everybody: list[PlainHandler], channels: list[str], number: int) -> None:
    """Write the publications to each client, as a loop over `write_message` does."""
    for channel in channels:
        text = encode_publication(channel, make_state(number)).decode()
        for handler in everybody:
            handler.write_message(text)
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def send_by_hub(hub: Hub, channels: list[str], number: int) -> None:
    """Publish, and wait until everything is handed out."""
    for channel in channels:
        hub.publish(channel, make_state(number))
    await hub.settle()


async def measure(send: Round, numbers: range, deliveries: int) -> float:
    """Return the CPU microseconds of a delivery over some sends."""
    spent = 0.0
    gc.collect()
    for number in numbers:
        began = process_time()
        await send(number)
        if number >= numbers.start + WARM_UP:
            spent += process_time() - began
        await asyncio.sleep(PAUSE)
    return spent / (len(numbers) - WARM_UP) / deliveries * 1e6


async def compare(plain: Round, hub: Round, deliveries: int, rounds: int, sends: int) -> dict[str, Any]:
    """Measure both ways by turns, and compare them round by round."""
    found: list[tuple[float, float]] = []
    for turn in range(rounds + 1):
        first = 2 + turn * (WARM_UP + sends)
        numbers = range(first, first + WARM_UP + sends)
        slow = await measure(plain, numbers, deliveries)
        found.append((slow, await measure(hub, numbers, deliveries)))
    counted = found[1:]  # the first round warms up
    return {
        "write_message_us": median(slow for slow, _ in counted),
        "hub_us": median(quick for _, quick in counted),
        "ratio": median(slow / quick for slow, quick in counted),
        "worst_ratio": min(slow / quick for slow, quick in counted),
    }


async def run(
    progress: Callable[[str], None], *, clients: int = 500, rounds: int = 5, sends: int = 30
) -> dict[str, Any]:
    """Compare for one publication, and for a burst of channels that change in one turn."""
    everybody: list[PlainHandler] = []
    hub, server, port = raise_stage(0, [(PLAIN, PlainHandler, {"everybody": everybody})])
    results: dict[str, Any] = {"clients": clients, "rounds": rounds, "sends": sends}
    channels = [f"numbers:{number}" for number in range(BURST)]
    for name, used in (("one publication", channels[:1]), (f"{BURST} in one turn", channels)):
        progress(f"fanout: {name}, {clients} clients")
        everybody.clear()
        async with seat(port, PLAIN, clients), seat(port, PATH, clients, *used):
            results[name] = await compare(
                lambda number, used=used: send_plainly(everybody, used, number),  # type: ignore[misc]
                lambda number, used=used: send_by_hub(hub, used, number),  # type: ignore[misc]
                clients * len(used),
                rounds,
                sends,
            )
    server.stop()
    await hub.shutdown()
    return results
