"""Changes become publications, and the feed outlives whatever happens to their source."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from realtime.channels import Change
from realtime.feed import FIRST_PAUSE, LONGEST_PAUSE, Feed, Lost
from realtime.limits import Limits
from tests.realtime.doubles import Bench, Stored, Wire


def change(version: int | None, poll: str = "1", collection: str = "poll_stats") -> Stored:
    """Return a stored change of a poll; version None deletes it."""
    document = None if version is None else {"version": version}
    return Stored(collection, "delete" if version is None else "update", poll, document)


class Script:
    """A source that plays what the test puts in; an exception breaks it."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Change | Lost | Exception] = asyncio.Queue()
        self.followed: list[frozenset[str]] = []

    async def follow(self, collections: frozenset[str]) -> AsyncIterator[Change | Lost]:
        """Play the script."""
        self.followed.append(collections)
        while True:
            event = await self.queue.get()
            if isinstance(event, StopIteration):
                return
            if isinstance(event, Exception):
                raise event
            yield event


class Stage:
    """A feed that runs between a script and a subscriber."""

    def __init__(self, bench: Bench | None = None) -> None:
        self.bench = bench or Bench(Limits(conflation_ms=0))
        self.script = Script()
        self.pauses: list[float] = []
        self.feed = Feed(self.bench.hub, self.script, monotonic=self.bench.clock, sleep=self.pause)

    async def pause(self, seconds: float) -> None:
        """Note a pause instead of taking it."""
        self.pauses.append(seconds)
        self.bench.clock.now += seconds
        await asyncio.sleep(0)

    async def play(self, *events: Change | Lost | Exception) -> Wire:
        """Let a subscriber hear what the feed makes of the events."""
        _, wire = await self.bench.connect("polls:1")
        running = asyncio.create_task(self.feed.run())
        for event in events:
            self.script.queue.put_nowait(event)
            await self.bench.settle()
        await self.bench.settle()
        assert not running.done()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return wire


async def test_a_change_becomes_a_publication() -> None:
    stage = Stage()
    wire = await stage.play(Lost(), change(2), change(9, collection="users"), change(3))
    assert wire.versions() == [1, 2, 3]
    assert stage.script.followed == [frozenset({"poll_stats"})]


async def test_a_deletion_ends_the_subscription() -> None:
    wire = await Stage().play(Lost(), change(None))
    assert wire.lines()[-1]["push"]["unsubscribe"]["code"] == 2500


@pytest.mark.parametrize("break_", [ConnectionError("gone"), StopIteration()])
async def test_a_source_that_breaks_is_followed_again(
    break_: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage()
    wire = await stage.play(Lost(), change(2), break_, change(3))
    assert wire.versions() == [1, 2, 3]
    assert (len(stage.script.followed), stage.feed.restarts) == (2, 1)
    assert "following it again" in caplog.text


async def test_the_pauses_grow_to_a_bound_and_start_again_once_changes_flow() -> None:
    stage = Stage()
    breaks = [ConnectionError("gone")] * 8
    await stage.play(*breaks, change(2), ConnectionError("gone"))
    assert stage.pauses[:3] == [FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4]
    assert (stage.pauses[7], stage.pauses[8]) == (LONGEST_PAUSE, FIRST_PAUSE)


async def test_lost_changes_are_read_anew() -> None:
    stage = Stage()
    _, wire = await stage.bench.connect("polls:1")
    stage.bench.polls.states["1"] = stage.bench.polls.states["1"].__class__("e", 7, b'{"version": 7}')
    await stage.play(Lost())
    assert wire.versions() == [1, 7]


async def test_a_resync_is_tried_until_it_works(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage()
    polls = stage.bench.polls
    _, wire = await stage.bench.connect("polls:1")
    polls.states["1"] = polls.states["1"].__class__("e", 7, b'{"version": 7}')
    running = asyncio.create_task(stage.feed.run())
    polls.failure = ConnectionError("no primary")
    stage.script.queue.put_nowait(Lost())
    while len(stage.pauses) < 3:
        await stage.bench.settle()
    assert stage.feed.lag > 0
    polls.failure = None
    await wire.until(lambda: wire.versions() == [1, 7])
    await stage.bench.settle()
    assert (stage.feed.lag, stage.feed.resyncs > 3) == (0, True)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert "trying again" in caplog.text


async def test_a_document_that_cannot_be_projected_silences_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    wire = await Stage().play(Lost(), change(5, "odd"), change(2))
    assert wire.versions() == [1, 2]
    assert "cannot project" in caplog.text
    caplog.clear()


async def test_lag_counts_from_the_start_and_from_each_break() -> None:
    stage = Stage()
    stage.bench.clock.now += 3
    assert stage.feed.lag == 3
    await stage.play(Lost(), change(2))
    assert stage.feed.lag == 0
