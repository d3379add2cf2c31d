"""Ranks and lists of the community, kept by every write that changes a score or who may be shown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from storage.database import Database, Index, index
from storage.driver import Document, ObjectId, Session, UpdateOne
from storage.pybossa.ladder import Ladder, Move, order
from storage.pybossa.people import SHOWN, PyBossaUser, Standing, listed_of, place_of, show

T = TypeVar("T")

PER_PAGE = 24
# More than the hundred that the settings allow: whoever moves up across the end is on the board already.
KEPT_LEADERS = 128
BOARD, TURN = "leaderboard", "turn"


@dataclass(frozen=True, slots=True)
class Board:
    """The top list at one version; `users` are rows as lists show them, the first of all first."""

    id: ObjectId
    version: int
    users: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Board:
        """Read the stored form."""
        return cls(row["_id"], row["version"], row["users"])


@dataclass(frozen=True, slots=True)
class Seat:
    """Which places the two orders give to a person, None where they have none."""

    standing: Document | None
    listed: Document | None

    @classmethod
    def of(cls, own: Mapping[str, Any] | None) -> Seat:
        """Read what is stored in a person's sub-document."""
        return cls((own or {}).get("place"), (own or {}).get("listed"))

    @classmethod
    def due(cls, number: int, own: Mapping[str, Any]) -> Seat:
        """Work out what it should be."""
        return cls(place_of(number, own), listed_of(number, own))

    def fields(self) -> Document:
        """Return the update that stores the places."""
        values = {"pybossa.place": self.standing, "pybossa.listed": self.listed}
        gone = {name: "" for name, value in values.items() if value is None}
        there = {name: value for name, value in values.items() if value is not None}
        return ({"$set": there} if there else {}) | ({"$unset": gone} if gone else {})


NOWHERE = Seat(None, None)


@dataclass(frozen=True, slots=True)
class Reseat:
    """Somebody's way from one seat to another."""

    oid: ObjectId
    before: Seat
    after: Seat


class Ranking:
    """Two orders over `users`: by rank (restricted people last), and of the public list by age.

    Whoever reseats people does so under `transact`: transactions of one process would else only make one
    another start anew.
    """

    INDEXES: tuple[Index, ...] = (
        *Ladder.INDEXES,
        index("users", "pybossa.place", partial={"pybossa.place": {"$exists": True}}),
        index("users", "pybossa.listed", partial={"pybossa.listed": {"$exists": True}}),
        index(BOARD, "name", unique=True),
    )

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = asyncio.Lock()
        self._users = database["users"]
        self._boards = database[BOARD]
        self.standings = Ladder(database, "standings", "pybossa.place")
        self.listing = Ladder(database, "listing", "pybossa.listed")

    async def transact(self, work: Callable[[Session], Awaitable[T]]) -> T:
        """Run a transaction that reseats people, one after the other."""

        async def begin(session: Session) -> T:
            # First of all what they all write: who comes too late starts anew at once, not at the end.
            await self._boards.update_one({"name": TURN}, {"$inc": {"turns": 1}}, session=session)
            return await work(session)

        async with self._turn:
            return await self._database.transaction(begin)

    async def ensure_board(self) -> None:
        """Make the empty top list, and what transactions meet at, where they are missing."""
        empty = {"$setOnInsert": {"version": 1, "users": [], "last": None}}
        await self._boards.update_one({"name": BOARD}, empty, upsert=True)
        await self._boards.update_one({"name": TURN}, {"$setOnInsert": {"turns": 0}}, upsert=True)

    async def standing(self, user: PyBossaUser) -> Standing:
        """Find out where a person stands."""
        own = {"restrict": user.restrict, "score": user.score, "created": user.created}
        rank = None if user.restrict else await self.standings.before(place_of(user.id, own)) + 1
        return Standing(rank, user.score)

    async def top(self, size: int) -> list[Document]:
        """Read the first people as lists show them, with rank and score."""
        return [show(row, rank) for rank, row in enumerate(await self._leaders(size), 1)]

    async def _leaders(self, size: int, session: Session | None = None) -> list[Document]:
        ranked = {"pybossa.place": {"$lt": {"r": 1}}}
        found = self._users.find(ranked, SHOWN, session=session).sort("pybossa.place", 1).limit(size)
        return await found.to_list(None)

    async def page(self, number: int) -> tuple[Sequence[Document], int]:
        """Read a page of the public list, newest people first, and how many it has in all."""
        return await self.listing.backwards((number - 1) * PER_PAGE, PER_PAGE, SHOWN)

    async def joined(self) -> int:
        """Count everybody who has joined."""
        return await self.standings.length()

    async def board(self) -> Board | None:
        """Read the stored top list."""
        row = await self._boards.find_one({"name": BOARD})
        return Board.of(row) if row is not None else None

    async def reseat(self, moves: Sequence[Reseat], session: Session) -> None:
        """Store new seats; part of the transaction that changed what they follow from.

        The top list is looked at by `refresh`, once everything else is done.
        """
        moved = [each for each in moves if each.before != each.after]
        if not moved:
            return
        updates = [UpdateOne({"_id": each.oid}, each.after.fields()) for each in moved]
        await self._users.bulk_write(updates, ordered=False, session=session)
        standings: list[Move] = [(each.before.standing, each.after.standing) for each in moved]
        listing: list[Move] = [(each.before.listed, each.after.listed) for each in moved]
        await self.standings.shift(standings, session)
        await self.listing.shift(listing, session)

    async def refresh(self, seats: Iterable[Seat], session: Session) -> None:
        """Bring the top list up to date, if one of the changed people is or was on it."""
        places = [seat.standing for seat in seats if seat.standing is not None and not seat.standing["r"]]
        board = await self._boards.find_one({"name": BOARD}, {"last": 1}, session=session)
        last = board["last"] if board is not None else None
        if not places or (last is not None and all(order(each) > order(last) for each in places)):
            return
        await self.redraw(session)

    async def freshen(self) -> None:
        """Make the top list anew where people on it call themselves something else by now."""
        board = await self.board()
        if board is not None and list(board.users) != await self.top(KEPT_LEADERS):
            await self.transact(self.redraw)

    async def redraw(self, session: Session) -> None:
        """Make the top list anew; a version more where it has changed."""
        rows = await self._leaders(KEPT_LEADERS, session)
        leaders = [show(row, rank) for rank, row in enumerate(rows, 1)]
        last = rows[-1]["pybossa"]["place"] if len(rows) == KEPT_LEADERS else None
        board = {"name": BOARD, "users": {"$ne": leaders}}
        drawn = {"$set": {"users": leaders, "last": last}, "$inc": {"version": 1}}
        await self._boards.update_one(board, drawn, session=session)
