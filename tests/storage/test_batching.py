"""Batches: what arrives during one run is the next run."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from storage.batching import Batcher, Queues


class Runs:
    """A run that waits until it is let go, and doubles what it is given."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, items: Sequence[int]) -> Sequence[int | Exception]:
        self.batches.append(list(items))
        self.begun.set()
        await self.gate.wait()
        return [ValueError(str(item)) if item < 0 else item * 2 for item in items]


async def test_items_that_arrive_during_a_run_share_the_next_one() -> None:
    runs = Runs()
    runs.gate.clear()
    batcher = Batcher(runs)
    first = asyncio.create_task(batcher.submit(1))
    await runs.begun.wait()
    others = [asyncio.create_task(batcher.submit(number)) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    assert len(batcher) == 3
    runs.gate.set()
    assert await asyncio.gather(first, *others) == [2, 4, 6, 8]
    assert runs.batches == [[1], [2, 3, 4]]
    assert batcher.idle


async def test_a_batch_is_cut_at_its_size() -> None:
    runs = Runs()
    batcher = Batcher(runs, size=2)
    assert await asyncio.gather(*(batcher.submit(number) for number in range(5))) == [0, 2, 4, 6, 8]
    assert runs.batches == [[0, 1], [2, 3], [4]]


async def test_one_bad_item_fails_alone() -> None:
    batcher = Batcher(Runs())
    good, bad = await asyncio.gather(batcher.submit(1), batcher.submit(-1), return_exceptions=True)
    assert good == 2
    assert isinstance(bad, ValueError)


async def test_a_failed_run_fails_its_batch_and_no_other() -> None:
    calls = 0

    async def run(items: Sequence[int]) -> Sequence[int]:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise OSError("down")
        return items

    batcher = Batcher(run)
    with pytest.raises(OSError, match="down"):
        await batcher.submit(1)
    assert await batcher.submit(2) == 2


async def test_a_caller_that_goes_away_takes_nobody_with_it() -> None:
    runs = Runs()
    runs.gate.clear()
    batcher = Batcher(runs)
    leaving, staying = (asyncio.create_task(batcher.submit(number)) for number in (1, 2))
    await runs.begun.wait()
    leaving.cancel()
    runs.gate.set()
    assert await staying == 4
    assert leaving.cancelled()


async def test_only_items_of_one_key_share_a_batch() -> None:
    """And a key that has nothing to do is forgotten."""
    batches: list[list[str]] = []

    async def run(items: Sequence[str]) -> Sequence[str]:
        batches.append(list(items))
        await asyncio.sleep(0)
        return [item.upper() for item in items]

    queues: Queues[str, str] = Queues(run)
    asked = ["a1", "b1", "a2", "b2", "a3"]
    answers = await asyncio.gather(*(queues.submit(item[0], item) for item in asked))
    assert answers == [item.upper() for item in asked]
    assert sorted(batches) == [["a1", "a2", "a3"], ["b1", "b2"]]
    assert len(queues) == 0
