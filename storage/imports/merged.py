"""Loads rows that add to what is stored instead of taking its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from storage.database import Database
from storage.driver import Document, Session
from storage.imports.ballots import adopt
from storage.imports.ledger import Ledger
from storage.imports.mapping import ImportMap
from storage.imports.reading import Kind, Reader, Reading
from storage.imports.record import Outcome, Record
from storage.imports.rows import restarting
from storage.imports.sequences import raise_sequences
from storage.imports.shapes import Field, each, entry, reference, second, text, whole
from storage.roles import FLUX_ROLES
from storage.statistics import COUNTERS, FIGURES, Statistics

FORMER_NAMES = {"phonebank": "phone_bank"}
UNKNOWN_ROLE = "no role that can be given here"
ROLES = Kind("roles", {"role": Field(text), "uids": Field(each(reference), [])}, people=("uids",))
MESSAGE = {"feedback": Field(text), "submission_time": Field(second, 0)}
FEEDBACK = Kind(
    "app_feedback",
    {"user_id": Field(reference), "feedbacks": Field(each(entry(MESSAGE)), [])},
    keys=(("user_id",),),
    people=("user_id",),
)


class RoleRows:
    """The loader of `roles`: adds holders, each the first time only, so that a revoked role stays so."""

    label = "roles"

    def __init__(self, database: Database, mapping: ImportMap) -> None:
        self._database = database
        self._roles = database["roles"]
        self._mapping = mapping
        self._reader = Reader(database, mapping, ROLES)

    async def check(self, records: Sequence[Record], ledger: Ledger) -> Outcome:
        """Find holders who are nobody."""
        return self._sort_out(await self._reader.read(records, strict=True)).outcome

    async def write(self, records: Sequence[Record]) -> Outcome:
        """Add the holders."""

        async def work(session: Session) -> Outcome:
            reading = self._sort_out(await self._reader.read(records, session))
            await self._mapping.hold(reading.people, session)
            for row in reading.rows:
                await self._give(row, session)
            return reading.outcome

        outcome: Outcome = await restarting(self._database, work)
        return outcome

    def _sort_out(self, reading: Reading) -> Reading:
        """Rename roles, and leave out what is none."""
        for row in reading.rows:
            row["role"] = FORMER_NAMES.get(row["role"], row["role"])
        known = [row for row in reading.rows if row["role"] in FLUX_ROLES]
        outcome = Outcome()
        outcome.take(self.label, len(known))
        if others := len(reading.rows) - len(known):
            outcome.skip(self.label, UNKNOWN_ROLE, others)
        return Reading(known, reading.people, outcome)

    async def _give(self, row: Document, session: Session) -> None:
        keys = {f"{row['role']} {uid}": uid for uid in row["uids"]}
        known = await self._mapping.entries(self.label, keys, session)
        fresh = {key: uid for key, uid in keys.items() if key not in known}
        if fresh:
            memories = [self._mapping.remember(self.label, key) for key in fresh]
            await self._mapping.collection.bulk_write(memories, ordered=False, session=session)
        free = await self._roles.find_one({"_id": row["_id"]}, {"_id": 1}, session=session) is None
        update: Document = {"$addToSet": {"uids": {"$each": list(fresh.values())}}}
        if free:
            update["$setOnInsert"] = {"_id": row["_id"]}
        await self._roles.update_one({"role": row["role"]}, update, upsert=True, session=session)

    async def finish(self) -> None:
        """Nothing is derived from roles."""


class FeedbackRows:
    """The loader of `app_feedback`: messages that are stored already stay, `n_feedbacks` counts them all."""

    label = "app_feedback"

    def __init__(self, database: Database, mapping: ImportMap) -> None:
        self._database = database
        self._rows = database["app_feedback"]
        self._mapping = mapping
        self._reader = Reader(database, mapping, FEEDBACK)

    async def check(self, records: Sequence[Record], ledger: Ledger) -> Outcome:
        """Find rows of another shape, and members who are nobody."""
        return (await self._reader.read(records, strict=True)).outcome

    async def write(self, records: Sequence[Record]) -> Outcome:
        """Add the messages."""

        async def work(session: Session) -> Outcome:
            reading = await self._reader.read(records, session)
            await self._mapping.hold(reading.people, session)
            for row in reading.rows:
                await self._add(row, session)
            return reading.outcome

        outcome: Outcome = await restarting(self._database, work)
        return outcome

    async def _add(self, row: Document, session: Session) -> None:
        stored = await self._rows.find_one({"user_id": row["user_id"]}, session=session) or {}
        known = stored.get("feedbacks", [])
        messages = [*known, *(each for each in row["feedbacks"] if each not in known)]
        messages.sort(key=lambda message: message["submission_time"])
        fresh = {**row, "feedbacks": messages, "n_feedbacks": len(messages)}
        if fresh == stored:
            return
        ours: Document = {"$or": [{"_id": row["_id"]}, {"user_id": row["user_id"]}]}
        await self._rows.delete_many(ours, session=session)
        await self._rows.insert_one(fresh, session=session)

    async def finish(self) -> None:
        """The numbers are right already."""


class CounterRows:
    """The loader of `counters`: sequences only ever go up."""

    label = "counters"

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reader = Reader(
            database, ImportMap(database), Kind("counters", {"_id": Field(text), "seq": Field(whole)})
        )

    async def check(self, records: Sequence[Record], ledger: Ledger) -> Outcome:
        """Find rows of another shape."""
        return (await self._reader.read(records, strict=True)).outcome

    async def write(self, records: Sequence[Record]) -> Outcome:
        """Raise the sequences."""
        reading = await self._reader.read(records)
        await raise_sequences(self._database, {row["_id"]: row["seq"] for row in reading.rows})
        return reading.outcome

    async def finish(self) -> None:
        """Nothing is derived from sequences."""


class PublicFigures:
    """The loader of `public_stats`: nothing counts but the `_id`, the figures are computed."""

    label = "public_stats"

    def __init__(self, database: Database, statistics: Statistics) -> None:
        self._database = database
        self._statistics = statistics
        shape = {"id": Field(figures_id)}
        self._reader = Reader(database, ImportMap(database), Kind("public_stats", shape))

    async def check(self, records: Sequence[Record], ledger: Ledger) -> Outcome:
        """Find documents that are none of the two."""
        return (await self._reader.read(records, strict=True)).outcome

    async def write(self, records: Sequence[Record]) -> Outcome:
        """Let the stored documents take over the `_id` of the rows."""
        reading = await self._reader.read(records)
        for row in reading.rows:
            if row["id"] == COUNTERS:
                await self._statistics.counters()  # makes the document where there is none
            else:
                await self._statistics.figures()
            await adopt(self._database, self.label, {"id": row["id"]}, {"_id": row["_id"]})
        return reading.outcome

    async def finish(self) -> None:
        """Compute both documents."""
        await recompute(self._statistics)


def figures_id(value: Any) -> int:
    """Read which of the two documents it is."""
    if (number := whole(value)) not in {COUNTERS, FIGURES}:
        raise ValueError("is neither 0 nor 1")
    return number


async def recompute(statistics: Statistics) -> None:
    """Compute both documents of `public_stats` anew."""
    await statistics.count()
    await statistics.figure()
