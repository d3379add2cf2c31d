"""Loads polls and votes; the tallies stay the count of the votes, batch by batch."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from storage.database import Database
from storage.driver import Document, ObjectId, Session, UpdateOne
from storage.imports.ledger import Ledger
from storage.imports.mapping import ImportMap
from storage.imports.reading import Kind, Reader
from storage.imports.record import BadRecord, Outcome, Record, blame
from storage.imports.rows import latest, replace, restarting
from storage.imports.shapes import Field, fit, maybe, moment, reference, table, text, whole
from storage.polls import OPTION_ID, Polls

VOTES = Kind(
    "votes",
    {
        "poll_id": Field(whole),
        "user_id": Field(reference),
        "option_id": Field(text),
        "timestamp": Field(moment, 0.0),
        "changed": Field(whole, 0),
    },
    keys=(("poll_id", "user_id"),),
    people=("user_id",),
)
POLL = {"poll_id": Field(whole), "options": Field(table(text)), "question": Field(maybe(text), None)}
TALLY = {"poll_id": Field(whole)}


class Votes:
    """The loader of `votes`: one a poll and member, the last one counts."""

    label = "votes"

    def __init__(self, database: Database, mapping: ImportMap) -> None:
        self._database = database
        self._votes = database["votes"]
        self._mapping = mapping
        self._reader = Reader(database, mapping, VOTES)

    async def check(self, records: Sequence[Record], ledger: Ledger) -> Outcome:
        """Find votes for options that no poll has, and voters who are nobody."""
        rows = [self._reader.fit(record) for record in records]
        options = await read_options(self._database, {row["poll_id"] for row in rows})
        for record, row in zip(records, rows, strict=True):
            if row["poll_id"] not in options:
                raise BadRecord(record.place, f"there is no poll {row['poll_id']}")
            if row["option_id"] not in options[row["poll_id"]]:
                reason = f"option_id: {row['option_id']!r} is not an option of poll {row['poll_id']}"
                raise BadRecord(record.place, reason)
        return (await self._reader.read(records, strict=True)).outcome

    async def write(self, records: Sequence[Record]) -> Outcome:
        """Store a batch and move the tallies in the same transaction."""

        async def work(session: Session) -> Outcome:
            reading = await self._reader.read(records, session)
            rows, former = await self._compare(latest(reading.rows, VOTES), session)
            await self._mapping.hold(reading.people, session)
            # A row that moves to another poll or member leaves nothing behind: its `_id` goes along.
            await replace(self._votes, rows, VOTES, session)
            # Last, because everybody who votes waits for the tally's document.
            await self._move(former, rows, session)
            return reading.outcome

        outcome: Outcome = await restarting(self._database, work)
        return outcome

    async def _compare(
        self, rows: Sequence[Document], session: Session
    ) -> tuple[list[Document], list[Document]]:
        """Return the votes that count, and the stored ones that they replace."""
        same = [{"poll_id": row["poll_id"], "user_id": row["user_id"]} for row in rows]
        found = {"$or": [{"_id": {"$in": [row["_id"] for row in rows]}}, *same]}
        stored = await self._votes.find(found, session=session).to_list(None)
        by_voter = {voter_of(row): row for row in stored}
        newest = [
            row
            for row in rows
            if (other := by_voter.get(voter_of(row))) is None or other["timestamp"] <= row["timestamp"]
        ]
        ids, voters = [row["_id"] for row in newest], {voter_of(row) for row in newest}
        return newest, [row for row in stored if row["_id"] in ids or voter_of(row) in voters]

    async def _move(self, former: Sequence[Document], rows: Sequence[Document], session: Session) -> None:
        moves: defaultdict[int, Counter[str]] = defaultdict(Counter)
        for votes, step in ((former, -1), (rows, 1)):
            for row in votes:
                moves[row["poll_id"]][f"stats.{row['option_id']}"] += step
                moves[row["poll_id"]]["total"] += step
        changed = {poll: {k: n for k, n in counts.items() if n} for poll, counts in moves.items()}
        updates = [
            UpdateOne({"poll_id": poll}, {"$inc": {**counts, "version": 1}})
            for poll, counts in changed.items()
            if counts
        ]
        if updates:
            await self._database["poll_stats"].bulk_write(updates, session=session)

    async def finish(self) -> None:
        """The tallies are right already."""


class PollOptions:
    """The loader of `poll_options`: makes polls and extends them, as create_poll does."""

    label = "poll_options"

    def __init__(self, database: Database, polls: Polls) -> None:
        self._database = database
        self._polls = polls

    async def check(self, records: Sequence[Record], ledger: Ledger) -> Outcome:
        """Find polls of another shape, and options that can't be one."""
        outcome = Outcome()
        for record in records:
            read_poll(record)
            outcome.take(self.label)
        return outcome

    async def write(self, records: Sequence[Record]) -> Outcome:
        """Store the polls, each with its tally; the document takes over the row's `_id`."""
        outcome = Outcome()
        for record in records:
            row = read_poll(record)
            key = {"poll_id": row["poll_id"]}
            if adds(row, await self._database[self.label].find_one(key)):
                await self._polls.create(row["poll_id"], row["options"], row["question"])
            rest = {name: value for name, value in row.items() if name not in POLL}
            await adopt(self._database, self.label, key, rest)
            outcome.take(self.label)
        return outcome

    async def finish(self) -> None:
        """Each poll has its tally already."""


class Tallies:
    """The loader of `poll_stats`: nothing counts but the `_id`, the tally is that of the votes."""

    label = "poll_stats"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def check(self, records: Sequence[Record], ledger: Ledger) -> Outcome:
        """Find tallies of polls that do not exist."""
        outcome = Outcome()
        numbers = [read_tally(record) for record in records]
        options = await read_options(self._database, set(numbers))
        for record, poll in zip(records, numbers, strict=True):
            if poll not in options:
                raise BadRecord(record.place, f"there is no poll {poll}")
            outcome.take(self.label)
        return outcome

    async def write(self, records: Sequence[Record]) -> Outcome:
        """Let the stored tallies take over the `_id` of the rows."""
        outcome = Outcome()
        for record in records:
            key = {"poll_id": read_tally(record)}
            await adopt(self._database, self.label, key, {"_id": record.row["_id"]}, versioned=True)
            outcome.take(self.label)
        return outcome

    async def finish(self) -> None:
        """The tallies are right already."""


async def adopt(
    database: Database, name: str, key: Mapping[str, Any], values: Document, *, versioned: bool = False
) -> None:
    """Give the stored document with a key the row's `_id` and further values; the same again is no write."""
    collection = database[name]

    async def work(session: Session) -> None:
        stored = await collection.find_one(key, session=session)
        if stored is None or {**stored, **values} == stored:
            return
        fresh = {**stored, **values}
        if versioned:
            fresh["version"] = stored.get("version", 0) + 1
        await collection.delete_one({"_id": stored["_id"]}, session=session)
        await collection.delete_one({"_id": fresh["_id"]}, session=session)
        await collection.insert_one(fresh, session=session)

    await restarting(database, work)


async def read_options(database: Database, polls: set[int]) -> dict[int, Mapping[str, str]]:
    """Return the options of polls, by their number."""
    found = database["poll_options"].find({"poll_id": {"$in": list(polls)}})
    return {row["poll_id"]: row["options"] for row in await found.to_list(None)}


def adds(row: Document, stored: Document | None) -> bool:
    """Tell whether a poll's row says anything that is not stored; the same again must not be published."""
    if stored is None or row["question"] not in {None, stored.get("question")}:
        return True
    return bool(row["options"].items() - stored["options"].items())


def voter_of(row: Mapping[str, Any]) -> tuple[int, ObjectId]:
    """Return the poll and the member of a vote."""
    return row["poll_id"], row["user_id"]


def read_poll(record: Record) -> Document:
    """Read a poll; raises BadRecord."""
    with blame(record):
        row = fit(record.row, POLL)
    for option in row["options"]:
        if OPTION_ID.fullmatch(option) is None:
            raise BadRecord(record.place, f"options: {option!r} is not 1 to 32 of A-Z a-z 0-9 _ -")
    return row


def read_tally(record: Record) -> int:
    """Read which poll a tally is of; raises BadRecord."""
    with blame(record):
        return int(fit(record.row, TALLY)["poll_id"])
