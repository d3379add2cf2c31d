"""Messages that are looked up before they are told: in order, whatever fails, and nobody waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from realtime.channels import Publication
from realtime.rendering import MOST, Renderer


class Library:
    """Looks messages up while its gate is open; `failures` are raised first."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.asking = asyncio.Event()
        self.failures: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def render(self, publications: Sequence[Publication]) -> Sequence[Publication]:
        """Return each message with its offset as data."""
        self.asked.append([each.offset for each in publications])
        self.asking.set()
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop()
        return [Publication(each.epoch, each.offset, b"%d" % each.offset) for each in publications]


class Desk:
    """A renderer that runs, and what came out of it."""

    def __init__(self) -> None:
        self.library = Library()
        self.told: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self.pauses: list[float] = []
        self.renderer = Renderer(self.library, self.tell, sleep=self.pause)

    def tell(self, channel: str, publication: Publication) -> None:
        """Take a publication."""
        self.told.put_nowait((channel, publication.data))

    async def pause(self, seconds: float) -> None:
        """Note a pause instead of taking it."""
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    def hand_in(self, *offsets: int, channel: str = "notes:1") -> None:
        """Hand messages in."""
        for offset in offsets:
            self.renderer.add(channel, Publication("e", offset, b"{}"))

    async def hear(self, number: int) -> list[tuple[str, bytes]]:
        """Wait for the next publications."""
        return [await asyncio.wait_for(self.told.get(), 5) for _ in range(number)]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    running = asyncio.create_task(desk.renderer.run())
    yield desk
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_messages_come_out_in_their_order_with_what_they_say(desk: Desk) -> None:
    desk.hand_in(1)
    desk.hand_in(7, channel="notes:2")
    desk.hand_in(2)
    assert await desk.hear(3) == [("notes:1", b"1"), ("notes:2", b"7"), ("notes:1", b"2")]
    assert desk.library.asked == [[1, 7, 2]]


async def test_what_comes_during_a_look_up_is_the_next_one(desk: Desk) -> None:
    desk.library.gate.clear()
    desk.hand_in(1)
    await desk.library.asking.wait()
    desk.hand_in(2, 3)
    desk.library.gate.set()
    assert [data for _, data in await desk.hear(3)] == [b"1", b"2", b"3"]
    assert desk.library.asked == [[1], [2, 3]]


async def test_many_are_looked_up_in_groups(desk: Desk) -> None:
    desk.hand_in(*range(1, 2 * MOST + 2))
    assert [data for _, data in await desk.hear(2 * MOST + 1)] == [b"%d" % n for n in range(1, 2 * MOST + 2)]
    assert [len(each) for each in desk.library.asked] == [MOST, MOST, 1]


async def test_what_fails_is_tried_again_before_anything_later(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.library.failures = [ConnectionError("gone"), ConnectionError("gone")]
    desk.hand_in(1, 2)
    assert [data for _, data in await desk.hear(2)] == [b"1", b"2"]
    desk.hand_in(3)
    assert [data for _, data in await desk.hear(1)] == [b"3"]
    assert (len(desk.pauses), desk.library.asked) == (2, [[1, 2], [1, 2], [1, 2], [3]])
    assert "trying again" in caplog.text


async def test_what_waits_can_be_dropped(desk: Desk) -> None:
    desk.library.gate.clear()
    desk.hand_in(1)
    await desk.library.asking.wait()
    desk.hand_in(2, 3)
    desk.renderer.clear()
    desk.library.gate.set()
    desk.hand_in(4)
    assert [data for _, data in await desk.hear(2)] == [b"1", b"4"]
