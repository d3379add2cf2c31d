"""CPU of one delivery: the hub and its peers, each in a process of its own, by turns in one run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from statistics import median
from typing import Any

from realtime.protocol import encode_publication
from scripts.bench._audience import Heard, Seats, seat
from scripts.bench._peers import CHANNELS, ON_NODE, Peer, find_peers
from scripts.bench._program import Program, start
from scripts.bench._stage import make_state

WARM_UP = 10  # sends before each measurement: TCP acknowledges everything at once after a rest
PAUSE = 0.01  # seconds in which the audience reads
FIRST = 100_000  # number of the first publication: all are of the same length
MODES: Mapping[str, Sequence[str]] = {
    "one publication": CHANNELS[:1],
    f"{len(CHANNELS)} in one turn": CHANNELS,
}


@dataclass(slots=True)
class Runner:
    """A peer under way, with its clients."""

    name: str
    program: Program
    clients: int
    heard: Heard
    number: int = FIRST
    sent: int = 0  # bytes of text to each client

    async def send(self, channels: Sequence[str], count: int) -> float:
        """Publish some times; return the CPU microseconds of a delivery."""
        numbers = range(self.number, self.number + count)
        texts = [
            [encode_publication(channel, make_state(number)).decode() for channel in channels]
            for number in numbers
        ]
        found = await self.program.tell(first=self.number, channels=channels, texts=texts, pause=PAUSE)
        self.number += count
        self.sent += sum(len(text) for turn in texts for text in turn)
        return float(found["cpu"]) / (count * len(channels) * self.clients) * 1e6

    async def measure(self, channels: Sequence[str], count: int) -> float:
        """Publish in earnest, after a warm-up."""
        await self.send(channels, WARM_UP)
        return await self.send(channels, count)

    def check(self) -> None:
        """Make sure that everybody has heard everything, once the clients have reported."""
        if self.heard.bytes < self.sent * self.clients:
            raise RuntimeError(f"{self.name} has delivered {self.heard.bytes} bytes of {self.sent} to each")


async def join(stack: AsyncExitStack, name: str, peer: Peer, clients: int) -> Runner:
    """Start a peer and seat its clients."""
    program = await stack.enter_async_context(start(*peer.command))
    seats = Seats(program.port, peer.path, clients, peer.greeting)
    return Runner(name, program, clients, await stack.enter_async_context(seat(seats)))


def compare(found: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """Return medians, and how often the hub's cost each of the others costs, round by round."""
    hub = found["hub"]
    ratios = {name: [other / own for other, own in zip(found[name], hub, strict=True)] for name in found}
    return {
        name: {"us": median(values)}
        | ({} if name == "hub" else {"ratio": median(ratios[name]), "worst_ratio": min(ratios[name])})
        for name, values in found.items()
    }


async def run(
    progress: Callable[[str], None], *, clients: int = 1000, rounds: int = 5, sends: int = 20
) -> dict[str, Any]:
    """Compare for one publication, and for a burst of channels that change in one turn."""
    peers = find_peers(progress)
    results: dict[str, Any] = {"clients": clients, "rounds": rounds, "sends": sends}
    if left_out := ", ".join(name for name in ON_NODE if name not in peers):
        results["left out"] = f"{left_out}: node and npm are needed"
    async with AsyncExitStack() as stack:
        runners = [await join(stack, name, peer, clients) for name, peer in peers.items()]
        for mode, channels in MODES.items():
            found: dict[str, list[float]] = defaultdict(list)
            for turn in range(rounds + 1):
                for runner in runners:
                    progress(f"fanout: {mode}, round {turn} of {rounds}, {runner.name}")
                    found[runner.name].append(await runner.measure(channels, sends))
            # The first round warms up.
            results[mode] = compare({name: values[1:] for name, values in found.items()})
    for runner in runners:
        runner.check()
    return results
