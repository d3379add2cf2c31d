"""Polls, votes and tallies: one document a vote is the truth, the tally follows in the same transaction."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from storage.batching import Batcher
from storage.database import Database, Index, Restart, index, is_duplicate
from storage.driver import (
    Document,
    DuplicateKeyError,
    ObjectId,
    PyMongoError,
    ReturnDocument,
    Session,
    UpdateOne,
)
from storage.errors import Departed, NotFound, Rejected

OPTION_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
FIRST_POLL, FIRST_OPTIONS = 1, tuple(str(number) for number in range(100, 108))


@dataclass(frozen=True, slots=True)
class Tally:
    """The count of a poll at one version; `id` is the ObjectId of its document."""

    id: ObjectId
    poll_id: int
    stats: Mapping[str, int]
    total: int
    version: int

    @classmethod
    def of(cls, row: Mapping[str, object]) -> Tally:
        """Read the stored form."""
        return cls(row["_id"], row["poll_id"], row["stats"], row["total"], row["version"])  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Words:
    """What a poll asks, and what its options are called."""

    question: str
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Vote:
    """One member's choice, as it is asked for."""

    voter: ObjectId
    option: str


@dataclass(frozen=True, slots=True)
class Cast:
    """What became of a vote: the member's choice before it, and a tally that includes it."""

    previous: str | None
    tally: Tally


@dataclass(slots=True)
class Ballot:
    """What a batch makes of one member's stored choice."""

    stored: str | None
    option: str | None
    changes: int = 0

    def mark(self, option: str) -> str | None:
        """Take a new choice; return the one before."""
        previous, self.option = self.option, option
        self.changes += previous is not None and previous != option
        return previous


class Polls:
    """Casts votes and reads tallies.

    Casts of one poll that arrive during a commit share the next transaction: the tally's document
    would otherwise be a lock that every voter waits for.
    """

    INDEXES: tuple[Index, ...] = (
        index("poll_options", "poll_id", unique=True),
        index("poll_stats", "poll_id", unique=True),
        index("votes", "poll_id", "user_id", unique=True),
        index("votes", "user_id"),
    )

    def __init__(
        self, database: Database, clock: Callable[[], float] = time.time, *, batch: int = 256
    ) -> None:
        self._database = database
        self._options = database["poll_options"]
        self._tallies = database["poll_stats"]
        self._votes = database["votes"]
        self._users = database["users"]
        self._clock = clock
        self._batch = batch
        self._known: dict[int, frozenset[str]] = {}
        self._writers: dict[int, Batcher[Vote, Cast]] = {}

    async def tally(self, poll_id: int) -> Tally:
        """Read the tally of a poll; raises NotFound."""
        row = await self._tallies.find_one({"poll_id": poll_id})
        if row is None:
            raise NotFound("poll")
        return Tally.of(row)

    async def numbers(self) -> list[int]:
        """Return the ids of all polls, ascending."""
        rows = await self._tallies.find({}, {"poll_id": 1}).sort("poll_id", 1).to_list(None)
        return [row["poll_id"] for row in rows]

    async def words(self, poll_id: int) -> Words:
        """Read what a poll asks; raises NotFound."""
        row = await self._options.find_one({"poll_id": poll_id})
        if row is None:
            raise NotFound("poll")
        return Words(row.get("question") or "", row["options"])

    async def create(self, poll_id: int, options: Mapping[str, str], question: str | None = None) -> Tally:
        """Make a poll or extend one: new options start at 0, labels are replaced, nothing is removed."""
        for option in options:
            if OPTION_ID.fullmatch(option) is None:
                raise Rejected("option", f"{option!r} is not 1 to 32 of A-Z a-z 0-9 _ -")

        async def work(session: Session) -> Tally:
            return await self._write_poll(poll_id, options, question, session)

        return await self._database.transaction(work)

    async def _write_poll(
        self, poll_id: int, options: Mapping[str, str], question: str | None, session: Session
    ) -> Tally:
        changes: Document = {f"options.{option}": label for option, label in options.items()}
        if question is not None:
            changes["question"] = question
        row = await self._options.find_one_and_update(
            {"poll_id": poll_id},
            [{"$set": {"id": {"$ifNull": ["$id", poll_id]}, **_literals(changes)}}],
            upsert=True,
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        assert row is not None
        zeros = {option: {"$ifNull": [f"$stats.{option}", 0]} for option in row["options"]}
        old = {name: {"$ifNull": [f"${name}", 0]} for name in ("total", "version")}
        tally = await self._tallies.find_one_and_update(
            {"poll_id": poll_id},
            [{"$set": {"stats": zeros, "total": old["total"], "version": {"$add": [old["version"], 1]}}}],
            upsert=True,
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        assert tally is not None
        return Tally.of(tally)

    async def ensure_first(self) -> None:
        """Make poll 1 where it is missing; two processes may start at once."""
        if await self._options.find_one({"poll_id": FIRST_POLL}, {"_id": 1}) is None:
            try:
                await self.create(FIRST_POLL, dict.fromkeys(FIRST_OPTIONS, ""), "")
            except DuplicateKeyError:
                return

    async def cast(self, poll_id: int, voter: ObjectId, option: str) -> Cast:
        """Cast or replace a member's vote; raises NotFound (poll), Rejected (option), Departed, Busy."""
        await self._check_option(poll_id, option)
        writer = self._writers.get(poll_id)
        if writer is None:
            writer = self._writers[poll_id] = Batcher(lambda votes: self._commit(poll_id, votes), self._batch)
        return await writer.submit(Vote(voter, option))

    async def _check_option(self, poll_id: int, option: str) -> None:
        """Check against what is known; options are never removed, so only an unknown one needs a look."""
        if option in self._known.get(poll_id, ()):
            return
        row = await self._options.find_one({"poll_id": poll_id}, {"options": 1})
        if row is None:
            raise NotFound("poll")
        self._known[poll_id] = frozenset(row["options"])
        if option not in self._known[poll_id]:
            raise Rejected("option_id", "is not an option of this poll")

    async def _commit(self, poll_id: int, votes: Sequence[Vote]) -> Sequence[Cast | Departed]:
        async def work(session: Session) -> Sequence[Cast | Departed]:
            try:
                return await self._write_votes(poll_id, votes, session)
            except PyMongoError as error:
                if is_duplicate(error):  # a first vote of the same member on another process
                    raise Restart from error
                raise

        return await self._database.transaction(work)

    async def _write_votes(
        self, poll_id: int, votes: Sequence[Vote], session: Session
    ) -> Sequence[Cast | Departed]:
        ballots = await self._read_ballots(poll_id, {vote.voter for vote in votes}, session)
        gone = await self._find_gone(ballots, session)
        before = [None if vote.voter in gone else ballots[vote.voter].mark(vote.option) for vote in votes]
        now = self._clock()
        updates = [
            UpdateOne(
                {"poll_id": poll_id, "user_id": voter},
                {"$set": {"option_id": ballot.option, "timestamp": now}, "$inc": {"changed": ballot.changes}},
                upsert=True,
            )
            for voter, ballot in ballots.items()
            if ballot.changes or (ballot.stored is None and voter not in gone)
        ]
        if updates:
            await self._votes.bulk_write(updates, ordered=False, session=session)
        tally = await self._move(poll_id, list(ballots.values()), bool(updates), session)
        return [
            Departed() if vote.voter in gone else Cast(previous, tally)
            for vote, previous in zip(votes, before, strict=True)
        ]

    async def _find_gone(self, ballots: Mapping[ObjectId, Ballot], session: Session) -> set[ObjectId]:
        """Return which voters were deleted since they were let in.

        Only first votes need the look: a deletion that is going on meets them in the tally's document
        (see Withdrawal) and a changed vote in the vote's own, so that one of the two starts anew.
        """
        new = [voter for voter, ballot in ballots.items() if ballot.stored is None]
        if not new:
            return set()
        rows = await self._users.find({"_id": {"$in": new}}, {"_id": 1}, session=session).to_list(None)
        return set(new) - {row["_id"] for row in rows}

    async def _read_ballots(
        self, poll_id: int, voters: set[ObjectId], session: Session
    ) -> dict[ObjectId, Ballot]:
        found = self._votes.find(
            {"poll_id": poll_id, "user_id": {"$in": list(voters)}},
            {"user_id": 1, "option_id": 1},
            session=session,
        )
        stored = {row["user_id"]: row["option_id"] for row in await found.to_list(None)}
        return {voter: Ballot(stored.get(voter), stored.get(voter)) for voter in voters}

    async def _move(self, poll_id: int, ballots: Sequence[Ballot], changed: bool, session: Session) -> Tally:
        """Move the counts from the stored choices to the new ones; no change, no new version."""
        counts: Counter[str] = Counter()
        for ballot in ballots:
            if ballot.option != ballot.stored:
                counts[f"stats.{ballot.option}"] += 1
                counts["total" if ballot.stored is None else f"stats.{ballot.stored}"] += (
                    1 if ballot.stored is None else -1
                )
        moves = {name: amount for name, amount in counts.items() if amount}
        if not changed or not moves:
            row = await self._tallies.find_one({"poll_id": poll_id}, session=session)
        else:
            row = await self._tallies.find_one_and_update(
                {"poll_id": poll_id},
                {"$inc": {**moves, "version": 1}},
                return_document=ReturnDocument.AFTER,
                session=session,
            )
        if row is None:
            raise NotFound("poll")
        return Tally.of(row)


def _literals(values: Mapping[str, object]) -> Document:
    """Protect texts that begin with a dollar from being read as expressions."""
    return {name: {"$literal": value} for name, value in values.items()}
