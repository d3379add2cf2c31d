"""Those who come back together share few reads, and nobody loses a message by it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from realtime.channels import Past, Since, Span
from realtime.history import History
from tests.realtime.doubles import Notes
from tests.realtime.test_streams import CHANNEL, Desk

Read = Callable[[Since | None], Awaitable[Past]]


def history_of(notes: Notes) -> History:
    """Return the history of the notes."""
    return History(lambda span: notes.recall("1", span))


def offsets(past: Past) -> Sequence[int]:
    """Return the offsets of what was missed."""
    return [each.offset for each in past.publications]


async def ask(read: Read, notes: Notes, *places: Since | None) -> list[Past]:
    """Let all ask during one read that somebody else has begun."""
    notes.gate = asyncio.Event()
    first = asyncio.ensure_future(read(None))
    await notes.reading.wait()
    asking = [asyncio.ensure_future(read(place)) for place in places]
    await asyncio.sleep(0)
    notes.gate.set()
    await first
    return await asyncio.gather(*asking)


async def test_everybody_gets_their_part_of_one_read_wherever_they_were() -> None:
    notes = Notes(kept=300)
    for _ in range(300):
        notes.say()
    places = [Since("e", offset) for offset in range(300)]
    found = await ask(history_of(notes).since, notes, *places, None)
    assert [offsets(past) for past in found[:-1]] == [list(range(n + 1, 301)) for n in range(300)]
    assert all(past.whole and past.offset == 300 for past in found)
    assert (offsets(found[-1]), len(notes.spans)) == ([], 2)


async def test_who_was_away_for_too_long_takes_nothing_from_the_others() -> None:
    notes = Notes(kept=3)
    for _ in range(9):
        notes.say()
    places = [Since("e", 2), Since("old", 8), Since("e", 6), Since("e", 99), Since("e", 9), Since("old", 7)]
    found = await ask(history_of(notes).since, notes, *places)
    assert [(past.whole, list(offsets(past))) for past in found] == [
        *((False, []), (False, []), (True, [7, 8, 9]), (False, []), (True, []), (False, []))
    ]
    assert len(notes.spans) == 3, "one of the newcomer, two for all who came back"


async def test_a_crowd_of_old_epochs_is_told_so() -> None:
    notes = Notes()
    notes.say()
    found = await ask(history_of(notes).since, notes, *(Since(f"old{n}", 1) for n in range(50)))
    assert not any(past.whole for past in found)
    assert len(notes.spans) == 2


async def test_a_failed_read_fails_those_who_shared_it_and_nobody_after() -> None:
    notes, broken = Notes(), True

    async def recall(span: Span) -> Past:
        if broken:
            raise ConnectionError("no primary")
        return await notes.recall("1", span)

    history = History(recall)
    failed = await asyncio.gather(*(history.since(Since("e", 0)) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(each, ConnectionError) for each in failed)
    broken = False
    assert (await history.since(None)).whole


# A read that began before somebody was registered


class Eager:
    """The wrong way: joins a read that is already on its way."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.running: asyncio.Task[Past] | None = None

    async def since(self, place: Since | None) -> Past:
        """Share whatever read there is."""
        if self.running is None:
            self.running = asyncio.create_task(self.notes.recall("1", Span(Since("e", 0), None)))
        past = await asyncio.shield(self.running)
        self.running = None
        return past


async def find_lost(desk: Desk) -> set[int]:
    """Subscribe during a read that has not seen the newest message; return what is never heard.

    Who began that read has left, so nothing was kept for them: only a read of one's own can bring it.
    """
    await desk.connect(CHANNEL)
    leaving, _ = await desk.connect()
    newcomer, wire = await desk.connect()
    desk.notes.reading.clear()
    desk.notes.gate = asyncio.Event()
    early = asyncio.ensure_future(desk.subscribe(leaving))
    await desk.notes.reading.wait()
    leaving.lost()
    desk.publish()
    await desk.settle()
    late = asyncio.ensure_future(desk.subscribe(newcomer, recover=True, epoch="e", offset=0))
    await desk.settle()
    desk.notes.gate.set()
    await asyncio.gather(early, late)
    desk.publish()
    await desk.settle()
    return {1, 2} - set(wire.versions())


async def test_a_newcomer_never_gets_a_read_that_began_before_it_was_registered() -> None:
    assert await find_lost(Desk()) == set()


async def test_a_read_that_began_earlier_would_lose_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    eager = Eager(desk.notes)
    monkeypatch.setattr(History, "since", lambda _, place: eager.since(place))
    assert await find_lost(desk) == {1}, "the test above could not fail"


async def test_a_thousand_who_come_back_to_one_channel_cost_a_handful_of_reads() -> None:
    desk = Desk()
    for _ in range(40):
        desk.notes.say()
    opened = [await desk.connect() for _ in range(1000)]
    await asyncio.gather(
        *(
            desk.subscribe(connection, recover=True, epoch="e", offset=number % 40)
            for number, (connection, _) in enumerate(opened)
        )
    )
    heard = [wire.versions() for _, wire in opened]
    assert heard == [list(range(number % 40 + 1, 41)) for number in range(1000)]
    assert len(desk.notes.spans) < 20
    assert len(desk.hub.channels[CHANNEL].subscribers) == 1000
