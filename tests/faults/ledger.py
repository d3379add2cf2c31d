"""What one subscriber was told of one channel, checked as it comes: nothing missing, nothing twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]


def is_state(channel: str) -> bool:
    """Tell whether only the newest message of a channel counts."""
    return channel.startswith(("polls:", "events:", "stats:", "feed:leaderboard"))


@dataclass
class Ledger:
    """The place of a subscriber in a channel, and everything that must not have happened.

    `told` are the times at which the server said that something may be missing; `faults` are sentences.
    """

    channel: str
    epoch: str = ""
    offset: int = -1
    heard: list[Json] = field(default_factory=list)
    subscribed: int = 0
    recovered: int = 0
    told: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def position(self) -> dict[str, Any]:
        """Return the request that goes on from here."""
        if self.offset < 0:
            return {"channel": self.channel}
        return {"channel": self.channel, "recover": True, "epoch": self.epoch, "offset": self.offset}

    def welcome(self, reply: Json) -> None:
        """Take the answer to a subscription."""
        self.subscribed += 1
        missed: Sequence[Json] = reply.get("publications", ())
        if self.offset < 0 or not reply["recovered"]:
            if self.offset >= 0:
                self.told += 1
            self.epoch, self.offset = reply["epoch"], reply["offset"]
            self.heard += missed
            return
        self.recovered += 1
        if reply["epoch"] != self.epoch and not is_state(self.channel):
            self.faults.append(f"{self.channel}: recovered into another epoch")
        for each in missed:
            self.take(each)
        if self.offset != reply["offset"]:
            self.faults.append(f"{self.channel}: recovery ends at {self.offset}, not {reply['offset']}")
        self.epoch, self.offset = reply["epoch"], reply["offset"]

    def take(self, publication: Json) -> None:
        """Take a message."""
        offset = publication["offset"]
        expected = offset > self.offset if is_state(self.channel) else offset == self.offset + 1
        if not expected:
            self.faults.append(f"{self.channel}: {offset} came after {self.offset}")
        self.offset = offset
        self.heard.append(publication)


def find_faults(ledgers: Sequence[Ledger]) -> Iterator[str]:
    """Name everything that went wrong, and how the subscriber had fared by then."""
    for ledger in ledgers:
        fared = f"(subscribed {ledger.subscribed}, recovered {ledger.recovered}, told {ledger.told})"
        yield from (f"{fault} {fared}" for fault in ledger.faults)
        if not ledger.subscribed:
            yield f"{ledger.channel}: never subscribed"
