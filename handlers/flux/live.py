"""What the members' dialect pushes: tallies of polls and the member counters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from handlers.core.declaration import Credential
from handlers.core.live import MOST_LISTED, Live, Reaction
from handlers.core.services import Services
from handlers.flux.messages import MEMBERS, POLLS
from handlers.flux.polls import tally_object
from handlers.flux.rules import LONGEST_SECRET
from realtime.channels import Change, Identity, State
from realtime.codes import CloseCode, Disconnect, ErrorCode, Refusal
from storage.errors import NotFound
from storage.extended_json import dumps
from storage.polls import Polls, Tally
from storage.recount import Recount
from storage.revocations import SECRET, name_credential
from storage.statistics import COUNTERS, Statistics, shown


def tally_state(tally: Tally) -> State:
    """Return a tally as a channel carries it; a poll made anew has another document, so another epoch."""
    return State(str(tally.id), tally.version, dumps(tally_object(tally)))


class PollChannels:
    """`polls:<poll_id>`: the tally, for everyone."""

    name, boundary = "polls", ":"
    declarations = (POLLS,)
    collections = frozenset({"poll_stats"})

    def __init__(self, polls: Polls) -> None:
        self._polls = polls

    async def authorise(self, who: Identity, key: str) -> None:
        """Let everyone in; whether the poll exists shows when it is read."""
        if not (key.isascii() and key.isdigit() and len(key) <= 18 and str(int(key)) == key):
            raise Refusal(ErrorCode.UNKNOWN_CHANNEL)

    async def read(self, key: str) -> State | None:
        """Read the tally."""
        try:
            return tally_state(await self._polls.tally(int(key)))
        except NotFound:
            return None

    def project(self, change: Change) -> Iterable[tuple[str, State | None]]:
        """Turn a changed tally into a state."""
        if change.document is not None:
            tally = Tally.of(change.document)
            yield str(tally.poll_id), tally_state(tally)

    async def listed(self, who: Identity) -> Sequence[str]:
        """Name the newest polls."""
        return [f"polls:{number}" for number in (await self._polls.numbers())[-MOST_LISTED:]]


class MemberChannels:
    """`stats:members`: the counters, for everyone."""

    name, boundary = "stats", ":"
    declarations = (MEMBERS,)
    collections = frozenset({"public_stats"})

    def __init__(self, statistics: Statistics) -> None:
        self._statistics = statistics

    async def authorise(self, who: Identity, key: str) -> None:
        """Let everyone in; there is this one channel."""
        if key != "members":
            raise Refusal(ErrorCode.UNKNOWN_CHANNEL)

    async def read(self, key: str) -> State | None:
        """Read the counters."""
        return self._state(await self._statistics.counters())

    def project(self, change: Change) -> Iterable[tuple[str, State | None]]:
        """Turn changed counters into a state."""
        if change.document is not None and change.document["id"] == COUNTERS:
            yield "members", self._state(change.document)

    async def listed(self, who: Identity) -> Sequence[str]:
        """Name the one channel."""
        return ["stats:members"]

    @staticmethod
    def _state(counters: Mapping[str, Any]) -> State:
        return State(str(counters["_id"]), int(counters["version"]), dumps(shown(counters)))


def describe_live(services: Services) -> Live:
    """Put together the channels, the credential `Flux <s>`, and what recounts the members."""
    stores = services.stores

    async def identify(secret: str) -> Identity:
        member = await stores.accounts.by_secret(secret) if 1 <= len(secret) <= LONGEST_SECRET else None
        if member is None:
            raise Disconnect(CloseCode.INVALID_TOKEN)
        return Identity(str(member.id), name_credential(SECRET, secret), None, member.generation)

    recount = Recount(stores.statistics, services.settings.flux_stats_interval)

    def recount_after(change: Change | None) -> None:
        recount.touch(getattr(change, "at", None))

    return Live(
        namespaces=(PollChannels(stores.polls), MemberChannels(stores.statistics)),
        schemes={"flux": identify},
        credentials=(Credential("flux", "Flux <s>", "A member's secret, from any Flux sign-up or sign-in."),),
        reactions=(Reaction(("users",), recount_after),),
        tasks=(recount.run,),
    )
