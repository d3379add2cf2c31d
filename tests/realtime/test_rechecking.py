"""Permissions that end while somebody listens: asked for again after a change, and only then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest

from realtime.channels import Change, Doubt, ErrorCode, Identity, Refusal
from realtime.feed import Feed, Lost
from realtime.limits import Limits
from tests.realtime.doubles import Bench, Polls, Stored, Wire, make_state

ENDED = {"code": 2500, "reason": "insufficient state"}


class Clubs(Polls):
    """Channels for those whom a list lets in; changes of `lists` put permissions in doubt."""

    name = "clubs"
    collections = frozenset({"clubs", "lists"})

    def __init__(self) -> None:
        super().__init__()
        self.members: set[str] = {"7", "8"}
        self.asked: list[tuple[str, str]] = []
        self.trouble: list[Exception] = []

    async def authorise(self, who: Identity, key: str) -> None:
        """Let members in."""
        self.asked.append((who.user, key))
        if self.trouble:
            raise self.trouble.pop()
        if who.user not in self.members:
            raise Refusal(ErrorCode.PERMISSION_DENIED)

    def doubts(self, change: Change) -> Iterable[Doubt]:
        """Doubt a user, or a channel as long as its mark is another one."""
        if change.collection == "lists":
            yield Doubt(user=str(change.id))
        elif change.document is not None:
            yield Doubt(key=str(change.id), mark=change.document["mark"])


class Stage:
    """A hub with a feed that plays what the test puts in."""

    def __init__(self) -> None:
        self.clubs = Clubs()
        self.bench = Bench(Limits(conflation_ms=0), others=[self.clubs])
        self.queue: asyncio.Queue[Change | Lost] = asyncio.Queue()
        self.pauses: list[float] = []
        self.feed = Feed(self.bench.hub, self, monotonic=self.bench.clock, sleep=self.pause)
        self.offset = 1

    async def follow(self, collections: frozenset[str]) -> AsyncIterator[Change | Lost]:
        """Play."""
        while True:
            yield await self.queue.get()

    async def pause(self, seconds: float) -> None:
        """Note a pause instead of taking it."""
        self.pauses.append(seconds)

    async def listen(self, user: str, *channels: str) -> Wire:
        """Subscribe as a user."""
        connection, wire = self.bench.open()
        await self.bench.say(connection, {"id": 1, "connect": {"token": f"user:{user}"}})
        for number, channel in enumerate(channels, 2):
            await self.bench.say(connection, {"id": number, "subscribe": {"channel": channel}})
        self.clubs.asked.clear()
        return wire

    async def change(self, key: str, mark: int) -> None:
        """Change a club."""
        self.offset += 1
        self.clubs.states[key] = make_state(self.offset)
        await self.play(Stored("clubs", "update", key, {"version": self.offset, "mark": mark}))

    async def strike(self, user: str) -> None:
        """Take a user off the list."""
        self.clubs.members.discard(user)
        await self.play(Stored("lists", "update", user, {"version": 1}))

    async def play(self, event: Change | Lost) -> None:
        """Let the feed take a change, and what follows from it."""
        self.queue.put_nowait(event)
        for _ in range(4):
            await self.bench.settle()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    running = asyncio.create_task(stage.feed.run())
    yield stage
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def endings(wire: Wire) -> list[str]:
    """Return the channels whose subscriptions the server ended."""
    pushes = [line["push"] for line in wire.lines() if "push" in line]
    ended = [push for push in pushes if "unsubscribe" in push]
    assert all(push["unsubscribe"]["code"] == ENDED["code"] for push in ended)
    return [push["channel"] for push in ended]


async def test_a_user_who_is_struck_off_hears_no_more(stage: Stage) -> None:
    seven, eight = (
        await stage.listen("7", "clubs:1", "clubs:2", "polls:1"),
        await stage.listen("8", "clubs:1"),
    )
    await stage.strike("7")
    assert sorted(endings(seven)) == ["clubs:1", "clubs:2"]
    assert endings(eight) == []
    assert {user for user, _ in stage.clubs.asked} == {"7"}
    await stage.change("1", mark=1)
    assert (seven.versions()[-1], eight.versions()[-1]) == (1, 2)
    assert stage.bench.hub.subscriptions == 2


async def test_a_channel_that_changed_hands_is_asked_for_once_a_user(stage: Stage) -> None:
    wires = [await stage.listen(user, "clubs:1") for user in ("7", "7", "8")]
    stage.clubs.members = {"8"}
    await stage.change("1", mark=1)
    assert [endings(wire) for wire in wires] == [["clubs:1"], ["clubs:1"], []]
    assert sorted(stage.clubs.asked) == [("7", "1"), ("8", "1")]


async def test_changes_that_leave_the_mark_ask_nobody(stage: Stage) -> None:
    wire = await stage.listen("7", "clubs:1")
    for _ in range(5):
        await stage.change("1", mark=1)
    assert stage.clubs.asked == [("7", "1")]
    await stage.change("2", mark=2)
    assert stage.clubs.asked == [("7", "1")]
    await stage.change("1", mark=2)
    assert len(stage.clubs.asked) == 2
    assert wire.versions()[-1] == stage.offset


async def test_what_may_have_been_missed_is_asked_for_whole(stage: Stage) -> None:
    seven, eight = await stage.listen("7", "clubs:1"), await stage.listen("8", "clubs:2")
    stage.clubs.members = {"8"}
    await stage.play(Lost())
    assert (endings(seven), endings(eight)) == (["clubs:1"], [])


async def test_what_cannot_be_asked_is_asked_again(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    wire = await stage.listen("7", "clubs:1")
    stage.clubs.trouble = [RuntimeError("away"), RuntimeError("away")]
    await stage.strike("7")
    await stage.bench.settle()
    assert endings(wire) == ["clubs:1"]
    assert len(stage.pauses) == 2
    assert "asking for permissions again failed" in caplog.text


async def test_whoever_is_just_subscribing_has_to_ask_again(stage: Stage) -> None:
    """Their permission was looked up before it ended."""
    connection, wire = stage.bench.open()
    await stage.bench.say(connection, {"id": 1, "connect": {"token": "user:7"}})
    stage.clubs.gate = asyncio.Event()
    asking = asyncio.ensure_future(
        stage.bench.say(connection, {"id": 2, "subscribe": {"channel": "clubs:1"}})
    )
    await stage.clubs.reading.wait()
    await stage.strike("7")
    stage.clubs.gate.set()
    await asking
    assert wire.lines()[-1]["error"]["code"] == ErrorCode.INTERNAL
    assert stage.bench.hub.subscriptions == 0
