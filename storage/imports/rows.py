"""Loads rows as they are: each takes the place of what is stored under one of its keys."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import bson

from storage.database import Database, Restart, is_duplicate
from storage.driver import Collection, Document, PyMongoError, Session, UpdateOne
from storage.imports.ledger import Ledger
from storage.imports.mapping import ImportMap
from storage.imports.reading import Kind, Reader
from storage.imports.record import Outcome, Record
from storage.imports.sequences import raise_sequences


class Rows:
    """The loader of a collection whose rows need nothing but their references resolved.

    Rows with credentials are stored the first time only: they may have been used up since.
    """

    def __init__(
        self, database: Database, mapping: ImportMap, kind: Kind, after: Callable[[], Awaitable[None]]
    ) -> None:
        self.label = kind.name
        self._database = database
        self._mapping = mapping
        self._kind = kind
        self._reader = Reader(database, mapping, kind)
        self._after = after

    async def check(self, records: Sequence[Record], ledger: Ledger) -> Outcome:
        """Find rows of another shape and references to nobody."""
        return (await self._reader.read(records, strict=True)).outcome

    async def write(self, records: Sequence[Record]) -> Outcome:
        """Store a batch in one transaction."""
        if (field := self._kind.numbered) is not None:
            top = max(self._reader.fit(record)[field] for record in records)
            await raise_sequences(self._database, {self.label: top})

        async def work(session: Session) -> Outcome:
            reading = await self._reader.read(records, session)
            rows = reading.rows
            if self._kind.once:
                rows = await self._mark_new(rows, session)
            await self._mapping.hold(reading.people, session)
            await replace(self._database[self.label], latest(rows, self._kind), self._kind, session)
            return reading.outcome

        outcome: Outcome = await restarting(self._database, work)
        return outcome

    async def _mark_new(self, rows: Sequence[Document], session: Session) -> list[Document]:
        """Return the rows that were never loaded, and remember them."""
        known = await self._mapping.entries(self.label, [row["_id"] for row in rows], session)
        fresh = [row for row in rows if row["_id"] not in known]
        if fresh:
            memories = [self._mapping.remember(self.label, row["_id"]) for row in fresh]
            await self._mapping.collection.bulk_write(memories, ordered=False, session=session)
        return fresh

    async def finish(self) -> None:
        """Bring up to date what was said to follow from the rows."""
        await self._after()


async def nothing() -> None:
    """Let nothing follow from rows."""


async def restarting(database: Database, work: Callable[[Session], Any]) -> Any:
    """Run a transaction, anew when somebody else came first with one of its keys."""

    async def attempt(session: Session) -> Any:
        try:
            return await work(session)
        except PyMongoError as error:
            if is_duplicate(error):
                raise Restart from error
            raise

    return await database.transaction(attempt)


def latest(rows: Sequence[Document], kind: Kind) -> list[Document]:
    """Return the rows without those that a later one with the same key replaces."""
    for names in (("_id",), *kind.keys):
        kept: dict[object, Document] = {}
        for row in rows:
            # As bytes, because a key may be of any type; whoever lacks a key shares it with nobody.
            known = all(name in row for name in names)
            kept[bson.encode({name: row[name] for name in names}) if known else object()] = row
        rows = list(kept.values())
    return list(rows)


async def replace(stored: Collection, rows: Sequence[Document], kind: Kind, session: Session) -> None:
    """Store rows that share no key, in the place of what has one of their keys."""
    if not rows:
        return
    if former := [
        {**{name: row[name] for name in names}, "_id": {"$ne": row["_id"]}}
        for names in kind.keys
        for row in rows
        if all(name in row for name in names)
    ]:
        await stored.delete_many({"$or": former}, session=session)
    await stored.bulk_write(
        [UpdateOne({"_id": row["_id"]}, [{"$replaceWith": {"$literal": row}}], upsert=True) for row in rows],
        ordered=False,
        session=session,
    )
