"""Keeps the sequences above the numbers that imports bring, and takes runs of numbers from them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeGuard, TypeVar

from storage.counters import Counters
from storage.database import Database
from storage.driver import Document, Session, UpdateOne

HIGHEST = 2**53  # what every client can still count exactly
# Payers are people or companies: a number of one kind is none of the other.
SHARING = {"users": ("companies", "_id"), "companies": ("users", "id")}
K = TypeVar("K", bound=Hashable)


class Numbers:
    """The ids of one kind: a dump's own where they are free, else from the sequence, above all others."""

    def __init__(
        self, database: Database, collection: str, *, field: str = "id", sequence: str | None = None
    ) -> None:
        self._database = database
        self._rows = database[collection]
        self._others = SHARING.get(collection)
        self._field = field
        self._sequence = sequence or collection
        self._highest = 0
        self._raised = 0

    def see(self, wanted: Iterable[int | None]) -> None:
        """Look at ids that a file will ask for: what the sequence gives out lies above them."""
        self._highest = max(self._highest, *(each for each in wanted if is_number(each)), 0)

    async def assign(self, wanted: Mapping[K, int | None], session: Session | None = None) -> dict[K, int]:
        """Give each key the id that it wants, if nothing has it, or another one."""
        self.see(wanted.values())
        if self._highest > self._raised:
            await raise_sequences(self._database, {self._sequence: self._highest})
            self._raised = self._highest
        used = await self._used([each for each in wanted.values() if is_number(each)], session)
        numbers: dict[K, int] = {}
        for key, number in wanted.items():
            if is_number(number) and number not in used:
                used.add(number)
                numbers[key] = number
        rest = [key for key in wanted if key not in numbers]
        return numbers | dict(
            zip(rest, await take_run(self._database, self._sequence, len(rest)), strict=True)
        )

    async def _used(self, wanted: Sequence[int], session: Session | None) -> set[int]:
        """Return which ids something has."""
        rows = self._rows.find({self._field: {"$in": wanted}}, {self._field: 1}, session=session)
        used = {read(row, self._field) for row in await rows.to_list(None)}
        if self._others is not None and wanted:
            collection, field = self._others
            there = self._database[collection].find({field: {"$in": wanted}}, {field: 1}, session=session)
            used |= {row[field] for row in await there.to_list(None)}
        return used


def is_number(value: int | None) -> TypeGuard[int]:
    """Tell whether a dump's number can be an id here."""
    return value is not None and 0 < value < HIGHEST


def read(row: Document, field: str) -> Any:
    """Read a field, one of an inner document where its name is dotted."""
    outer, _, inner = field.partition(".")
    return row[outer][inner] if inner else row[outer]


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
