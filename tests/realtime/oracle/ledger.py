"""What one subscriber was told on one channel, and what the contract says that it can't be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

DELETED = {"deleted": True}
STATES = ("polls:", "events:", "stats:", "feed:leaderboard")

Body = Mapping[str, Any]


class Contradiction(AssertionError):
    """A subscriber was told what can't be, or was not told what is."""


def demand(holds: bool, said: str, **facts: Any) -> None:
    """Raise a contradiction unless it holds."""
    if not holds:
        raise Contradiction(f"{said}: {facts}")


class Ledger:
    """A channel as its subscriber knows it: `epoch` and `offset` are where it stands."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.epoch = ""
        self.offset = -1
        self.recovering = False

    def come_back(self) -> dict[str, Any]:
        """Return what a subscriber that was away asks for."""
        self.recovering = bool(self.epoch)
        return {"recover": True, "epoch": self.epoch, "offset": self.offset} if self.epoch else {}

    def begin(self) -> dict[str, Any]:
        """Return what a subscriber that wants nothing back asks for."""
        self.recovering = False
        return {}

    def welcome(self, reply: Body) -> None:
        """Take the answer to a subscription."""
        asked = self.recovering
        demand(reply["recoverable"] and reply["was_recovering"] is asked, "it was not asked so", reply=reply)
        demand(self.epoch in {"", reply["epoch"]}, "another epoch", had=self.epoch, reply=reply)
        demand(reply["offset"] >= self.offset, "went back on return", had=self.offset, reply=reply)
        self._arrive(reply, asked)
        self.epoch, self.offset = reply["epoch"], reply["offset"]

    def hear(self, publication: Body) -> None:
        """Take a publication."""
        raise NotImplementedError

    def _arrive(self, reply: Body, asked: bool) -> None:
        raise NotImplementedError


class StateLedger(Ledger):
    """Knows the newest object."""

    def __init__(self, channel: str) -> None:
        super().__init__(channel)
        self.data: Any = None

    def _arrive(self, reply: Body, asked: bool) -> None:
        demand(reply["recovered"] is asked, "a state is always recovered", reply=reply)
        told: Sequence[Body] = reply["publications"]
        if not told:
            known = asked and (reply["epoch"], reply["offset"]) == (self.epoch, self.offset)
            demand(known, "no state for somebody who lacks it", had=self.offset, reply=reply)
            return
        demand([each["offset"] for each in told] == [reply["offset"]], "not the one state", reply=reply)
        self._take(told[0])

    def hear(self, publication: Body) -> None:
        """Take the next state: a newer one."""
        newer = publication["offset"] > self.offset
        demand(newer, "an older state, or the same again", had=self.offset, publication=publication)
        self.offset = publication["offset"]
        self._take(publication)

    def _take(self, publication: Body) -> None:
        data = publication["data"]
        versioned = data.get("version", publication["offset"]) == publication["offset"]
        demand(versioned, "the offset is the version", publication=publication)
        if "total" in data:
            demand(sum(data["stats"].values()) == data["total"], "votes that don't add up", data=data)
        self.data = data


class StreamLedger(Ledger):
    """Knows every message by its offset; of a history the server keeps the newest `kept`."""

    def __init__(self, channel: str, kept: int) -> None:
        super().__init__(channel)
        self.said: dict[int, Any] = {}
        self.first = 0  # the offset from which on nothing may be missing
        self._kept = kept

    def _arrive(self, reply: Body, asked: bool) -> None:
        told = [each["offset"] for each in reply["publications"]]
        if reply["recovered"]:
            wanted = list(range(self.offset + 1, reply["offset"] + 1))
            demand(asked and told == wanted, "not what was missed", had=self.offset, told=told, reply=reply)
            for each in reply["publications"]:
                self._keep(each)
            return
        demand(not told, "messages for somebody who starts anew", reply=reply)
        missed = reply["offset"] - self.offset
        demand(not asked or missed > self._kept, "what is kept was not given", had=self.offset, reply=reply)
        self.first = reply["offset"] + 1

    def hear(self, publication: Body) -> None:
        """Take the next message: the one after the last."""
        follows = publication["offset"] == self.offset + 1
        demand(follows, "a gap, or the same again", had=self.offset, publication=publication)
        self.offset = publication["offset"]
        self._keep(publication)

    def _keep(self, publication: Body) -> None:
        self.said[publication["offset"]] = publication["data"]

    def compare(self, history: Body) -> None:
        """Compare with a history as it is read now; what was taken back since is marked there."""
        stands = (history["epoch"], history["offset"])
        demand(stands == (self.epoch, self.offset), "elsewhere", had=(self.epoch, self.offset), there=stands)
        past = {each["offset"]: each["data"] for each in history["publications"]}
        for offset, data in past.items():
            told = self.said.get(offset, DELETED if offset < self.first else None)
            same = data == DELETED or told in (data, DELETED)
            demand(same, "told otherwise than it is kept", offset=offset, told=told, kept=data)


def open_ledger(channel: str, kept: int) -> Ledger:
    """Begin a ledger of a channel's kind."""
    return StateLedger(channel) if channel.startswith(STATES) else StreamLedger(channel, kept)
