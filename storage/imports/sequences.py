"""Keeps the sequences above the numbers that imports bring, and takes runs of numbers from them."""

from __future__ import annotations

from collections.abc import Mapping

from storage.counters import Counters
from storage.database import Database
from storage.driver import UpdateOne


async def raise_sequences(database: Database, least: Mapping[str, int]) -> None:
    """Let sequences go on above numbers that are in use, or about to be; outside any transaction."""
    updates = [
        UpdateOne({"_id": name}, {"$max": {"seq": number}}, upsert=True) for name, number in least.items()
    ]
    if updates:
        await database["counters"].bulk_write(updates)


async def take_run(database: Database, name: str, size: int) -> range:
    """Take so many numbers from a sequence at once; outside any transaction."""
    if not size:
        return range(0)
    first = await Counters(database).take(name, count=size)
    return range(first, first + size)
