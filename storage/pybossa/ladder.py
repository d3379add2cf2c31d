"""Positions in a long order that changes all the time, in work that hardly grows with its length."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from storage.database import Database, Index, Restart, index
from storage.driver import Document, DuplicateKeyError, ObjectId, Session, UpdateOne

MOST, SIZE, LEAST = 512, 256, 64  # values on a rung: when it is cut, into how many, when it may be merged
Place = Mapping[str, Any]
Move = tuple[Place | None, Place | None]


@dataclass(frozen=True, slots=True)
class Rung:
    """A part of the order: the values from `low` on, up to the next rung's, and how many there are."""

    id: ObjectId
    low: Place
    n: int


def order(place: Place) -> tuple[Any, ...]:
    """Return what compares in Python as the place does in the database; the empty place is the lowest."""
    return tuple(place.values())


class Ladder:
    """The order of one field of `users`, whose values are small documents with the same keys.

    Documents of `ladders` ({ladder, low, n}) cut it into rungs of some hundred values. A position is the
    sum of the rungs before, and a count on the field's index within one rung. Whoever changes the field
    calls `shift` in the same transaction. A value that moves within its rung changes no rung: so that
    cutting a rung notices such a move, it writes to every person on it.
    """

    COLLECTION = "ladders"
    INDEXES: tuple[Index, ...] = (index(COLLECTION, "ladder", "low", unique=True),)

    def __init__(self, database: Database, name: str, field: str) -> None:
        self._rungs = database[self.COLLECTION]
        self._users = database["users"]
        self.name = name
        self.field = field

    async def rungs(self, session: Session | None = None, *, upto: Place | None = None) -> list[Rung]:
        """Read the rungs from the lowest on, or only those that begin at a place or before it."""
        wanted: Document = {"ladder": self.name} | ({"low": {"$lte": upto}} if upto is not None else {})
        rows = self._rungs.find(wanted, {"low": 1, "n": 1}, session=session).sort("low", 1)
        return [Rung(row["_id"], row["low"], row["n"]) for row in await rows.to_list(None)]

    async def length(self) -> int:
        """Count the values."""
        return sum(rung.n for rung in await self.rungs())

    async def before(self, place: Place) -> int:
        """Count the values before a place."""
        rungs = await self.rungs(upto=place)
        if not rungs:
            return 0
        inner = {self.field: {"$gte": rungs[-1].low, "$lt": place}}
        return sum(rung.n for rung in rungs[:-1]) + await self._users.count_documents(inner)

    async def backwards(
        self, skip: int, limit: int, fields: Mapping[str, Any]
    ) -> tuple[Sequence[Document], int]:
        """Read some people from the end of the order backwards, and how many are in it."""
        rungs, high = await self.rungs(), None
        total = sum(rung.n for rung in rungs)
        if skip >= total:
            return [], total
        while rungs and skip >= rungs[-1].n:
            high = rungs.pop()
            skip -= high.n
        wanted: Document = {self.field: {"$exists": True} if high is None else {"$lt": high.low}}
        found = self._users.find(wanted, dict(fields)).sort(self.field, -1).skip(skip).limit(limit)
        return await found.to_list(None), total

    async def shift(self, moves: Sequence[Move], session: Session) -> None:
        """Follow changes of the field, (before, after) each, that the transaction has just made."""
        moves = [(before, after) for before, after in moves if before != after]
        if not moves:
            return
        rungs = await self.rungs(session) or [await self._begin(session)]
        lows = [order(rung.low) for rung in rungs]
        steps: Counter[int] = Counter()
        for before, after in moves:
            for place, step in ((before, -1), (after, 1)):
                if place is not None:
                    steps[bisect_right(lows, order(place)) - 1] += step
        if changed := {at: step for at, step in steps.items() if step}:
            counted = [
                UpdateOne({"_id": rungs[at].id}, {"$inc": {"n": step}}) for at, step in changed.items()
            ]
            await self._rungs.bulk_write(counted, ordered=False, session=session)
            await self._balance(rungs, changed, session)

    async def _begin(self, session: Session) -> Rung:
        row: Document = {"_id": ObjectId(), "ladder": self.name, "low": {}, "n": 0}
        try:
            await self._rungs.insert_one(row, session=session)
        except DuplicateKeyError as error:
            raise Restart from error
        return Rung(row["_id"], {}, 0)

    async def _balance(self, rungs: Sequence[Rung], changed: Mapping[int, int], session: Session) -> None:
        """Cut rungs that have grown too long, and merge short ones into those before them."""
        counts = [rung.n + changed.get(at, 0) for at, rung in enumerate(rungs)]
        long = {at for at in changed if counts[at] > MOST}
        for at in sorted(changed, reverse=True):
            if at in long:
                await self._cut(rungs[at], rungs[at + 1].low if at + 1 < len(rungs) else None, session)
            elif at and at - 1 not in long and counts[at] < LEAST and counts[at - 1] + counts[at] <= SIZE:
                await self._rungs.delete_one({"_id": rungs[at].id}, session=session)
                more = {"$inc": {"n": counts[at]}}
                await self._rungs.update_one({"_id": rungs[at - 1].id}, more, session=session)
                counts[at - 1] += counts[at]

    async def _cut(self, rung: Rung, high: Place | None, session: Session) -> None:
        inside = {self.field: {"$gte": rung.low} | ({"$lt": high} if high is not None else {})}
        await self._users.update_many(inside, {"$inc": {"auth.held": 1}}, session=session)
        found = self._users.find(inside, {self.field: 1}, session=session).sort(self.field, 1)
        places = [self.read(row) for row in await found.to_list(None)]
        pieces = [places[start : start + SIZE] for start in range(0, len(places), SIZE)]
        await self._rungs.update_one({"_id": rung.id}, {"$set": {"n": len(pieces[0])}}, session=session)
        rows = [{"ladder": self.name, "low": piece[0], "n": len(piece)} for piece in pieces[1:]]
        await self._rungs.insert_many(rows, session=session)

    def read(self, row: Mapping[str, Any]) -> Any:
        """Read the field of a person."""
        outer, _, inner = self.field.partition(".")
        return (row.get(outer) or {}).get(inner)
