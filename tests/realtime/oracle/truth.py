"""What is, read anew: over HTTP from either process, and counted from what the community has done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from tests.realtime.oracle.community import TYPES, Community
from tests.realtime.oracle.ledger import DELETED, Ledger, StateLedger, StreamLedger, demand
from tests.realtime.oracle.listener import Listener

SECOND_LOOK = 0.5  # seconds after which the truth is read again, heard of or not
RECENT = 3  # releases of a channel that are compared one by one
TIMES = ("last_run", "version", "_id", "id", "db_v")  # of the counters, what a count doesn't tell
Read = Callable[[str], Awaitable[Any]]


class Truth:
    """Reads what channels should have said by now; what one look has read serves all listeners in it."""

    def __init__(self, community: Community, patience: float) -> None:
        self._community = community
        self._patience = patience
        self._stores = community.stores
        self._read: dict[str, Any] = {}
        self._states: dict[str, Read] = {
            "polls": self._tally,
            "events": self._counts,
            "stats": self._counters,
            "feed": self._top_list,
        }

    async def compare(self, listener: Listener, ledger: Ledger) -> None:
        """Compare what a listener knows of a channel with a fresh read."""
        if isinstance(ledger, StateLedger):
            await self._compare_state(listener, ledger)
        elif isinstance(ledger, StreamLedger):
            await self._compare_stream(listener, ledger)
        listener.check()

    # States

    async def _compare_state(self, listener: Listener, ledger: StateLedger) -> None:
        """Wait until it is what is: figures that follow from others may take a moment."""
        space, _, key = ledger.channel.partition(":")
        deadline = asyncio.get_running_loop().time() + self._patience
        while self._read.get(ledger.channel) != self._comparable(ledger):
            truth = self._read[ledger.channel] = await self._states[space](key)
            if truth == self._comparable(ledger):
                return
            late = asyncio.get_running_loop().time() > deadline
            facts = {"who": listener.name, "told": ledger.data, "truth": truth}
            demand(not late, f"{ledger.channel} is not as it was told", **facts)
            await listener.next_change(SECOND_LOOK)
            listener.check()

    def _comparable(self, ledger: StateLedger) -> Any:
        """Leave out what only the server numbers."""
        if ledger.channel.startswith("events:"):
            return {name: value for name, value in ledger.data.items() if name != "version"}
        return ledger.data

    async def _get(self, path: str, **headers: str) -> Any:
        answer = await self._community.call("GET", path, **headers)
        assert answer.status == 200, answer.text
        return answer.json

    async def _tally(self, key: str) -> Any:
        return await self._get(f"/api/v0/iiccot/getinfo?poll_id={key}")

    async def _counts(self, key: str) -> Any:
        """Count the people at an event from the list of its attendees."""
        event = int(key)
        rows = await self._community.attendees(event)
        there = [{row["user"] for row in rows if row["type__slug"] == kind} for kind in TYPES]
        left = {
            sign.person.number
            for sign in self._community.cancelled
            if sign.event == event and sign.kind == TYPES[0] and not sign.person.gone
        }
        numbers = {"registered": len(there[0]), "attended": len(there[1])}
        return {"event": event, **numbers, "cancelled": len(left - there[0])}

    async def _counters(self, _: str) -> Any:
        """Read the counters; they have to be those of a count of everybody."""
        told = await self._get("/api/v0/getinfo")
        counted = await self._stores.statistics.fresh_count()
        same = {name: value for name, value in told.items() if name not in TIMES}
        return told if same == {name: counted[name] for name in same} else None

    async def _top_list(self, _: str) -> Any:
        """Read the top list; it has to be that of the people as they are."""
        told = (await self._get("/account/"))["top_users"]
        return {"top_users": told} if told == await self._stores.ranking.top(20) else None

    # Streams

    async def _compare_stream(self, listener: Listener, ledger: StreamLedger) -> None:
        history = await listener.history(ledger.channel)
        if ledger.channel.startswith("comics:"):
            # Releases are looked up before they are told: nothing says when, but that they are.
            await listener.until(lambda: ledger.offset >= history["offset"], f"{ledger.channel}: too few")
        ledger.compare(history)
        kept = [each["data"] for each in history["publications"]]
        if self._read.get(ledger.channel) == (kept, ledger.first):
            return
        match ledger.channel.partition(":")[0].partition("#")[0]:
            case "comics":
                await self._compare_releases(listener, ledger, kept)
            case "attendance":
                await self._compare_attendance(ledger)
            case "identity":
                self._compare_announcements(listener, ledger)
            case "feed":
                await self._compare_news(kept)
        self._read[ledger.channel] = kept, ledger.first

    async def _compare_releases(self, listener: Listener, ledger: StreamLedger, kept: list[Any]) -> None:
        """Compare with the releases that came out, and with how the API shows the last ones."""
        slug = ledger.channel.partition("/")[2]
        if slug:
            out = self._community.releases[slug]
            demand(ledger.offset == len(out), "not as many as came out", out=out, offset=ledger.offset)
            told = [int(each["id"]) for each in kept]
            # What is committed at once comes in any order: of the ones that are kept, none comes twice.
            demand(len({*told}) == len(told) and {*told} <= {*out}, "not once each", told=told, out=out)
            demand(len(told) == min(len(out), listener.kept), "not all that is kept", told=told, out=out)
        key = await self._stores.secret_keys.of(self._community.organizer.number)
        for each in kept[-RECENT:]:
            shown = await self._get(f"/api/v1/releases/{each['id']}/", Authorization=f"Key {key}")
            demand(each == shown, "a release is not as the API shows it", told=each, shown=shown)

    async def _compare_attendance(self, ledger: StreamLedger) -> None:
        """Play the changes over again: who came and did not leave is there."""
        event = int(ledger.channel.partition(":")[2])
        there = {row["id"] for row in await self._community.attendees(event)}
        made = {sign.number for sign in self._community.signs if sign.event == event}
        changes = 2 * len(made) - len(there)
        demand(there <= made and ledger.offset == changes, "not a message a change", made=made, there=there)
        last: dict[int, str] = {}
        for offset, data in sorted(ledger.said.items()):
            if offset >= ledger.first and data != DELETED:
                last[data["interaction"]] = data["change"]
        gone = {sign.number for sign in self._community.signs if sign.person.gone}
        for number, change in last.items():
            # What was said of people who are gone may have been taken back, the last word included.
            holds = number in gone or (change != "deleted") == (number in there)
            demand(holds, "a change without its effect", interaction=number, change=change, there=there)

    def _compare_announcements(self, listener: Listener, ledger: StreamLedger) -> None:
        number = int(ledger.channel.partition("#")[2])
        people = [*self._community.people, self._community.organizer]
        (person,) = [each for each in people if each.number == number]
        demand(ledger.offset == person.announced, "not what happened", had=ledger.offset, person=person)

    async def _compare_news(self, kept: list[Any]) -> None:
        """Compare with the news on the community's page.

        They stand there by the time at which they began, on the channel as they were committed.
        """
        told = [each for each in kept if each != DELETED]
        shown = (await self._get("/account/"))["update_feed"]
        unknown = [each for each in told if each not in shown]
        demand(not unknown, "news that the page does not show", unknown=unknown, shown=shown)
        text = orjson.dumps(told).decode()
        hidden = [each for each in self._community.everybody if each.gone or each.restricted]
        found = [each.user.name for each in hidden if f'"name":"{each.user.name}"' in text]
        demand(not found, "news of people who are gone or hidden", found=found)
