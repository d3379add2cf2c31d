"""Readers of one moment share an answer, and none gets an old one."""

from __future__ import annotations

import asyncio

import pytest

from storage.comics.sharing import Sharing


class Source:
    """Answers with how often it was asked, when it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.open = asyncio.Event()

    async def read(self) -> int:
        self.asked += 1
        number = self.asked
        await self.open.wait()
        if number < 0:
            raise LookupError("nothing there")
        return number


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_comes_during_a_read_shares_the_next_one() -> None:
    sharing, source = Sharing(), Source()
    first = asyncio.create_task(sharing.read("front", source.read))
    await settle()
    others = [asyncio.create_task(sharing.read("front", source.read)) for _ in range(5)]
    await settle()
    assert source.asked == 1
    source.open.set()
    assert await asyncio.gather(first, *others) == [1, 2, 2, 2, 2, 2]
    assert await sharing.read("front", source.read) == 3


async def test_other_questions_do_not_wait() -> None:
    sharing, slow, quick = Sharing(), Source(), Source()
    quick.open.set()
    waiting = asyncio.create_task(sharing.read("deep", slow.read))
    await settle()
    assert await sharing.read("front", quick.read) == 1
    slow.open.set()
    assert await waiting == 1


async def test_a_reader_who_leaves_and_a_failure_leave_nothing_behind() -> None:
    sharing, source = Sharing(), Source()
    leaving = asyncio.create_task(sharing.read("front", source.read))
    staying = asyncio.create_task(sharing.read("front", source.read))
    await settle()
    leaving.cancel()
    source.open.set()
    assert await staying == 1
    source.asked = -2
    with pytest.raises(LookupError, match="nothing there"):
        await sharing.read("front", source.read)
    source.asked = 6
    assert await sharing.read("front", source.read) == 7
    assert not sharing._running
