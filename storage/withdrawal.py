"""Takes a person's votes back: the tallies follow in the same transaction."""

from __future__ import annotations

from collections import Counter, defaultdict

from storage.database import Database
from storage.driver import ObjectId, Session, UpdateOne


class Withdrawal:
    """Removes votes for good."""

    def __init__(self, database: Database) -> None:
        self._votes = database["votes"]
        self._tallies = database["poll_stats"]

    async def withdraw(self, voter: ObjectId, session: Session) -> None:
        """Remove every vote of a person, also one that is being cast; one of the transaction's first steps.

        A first vote that is in flight can't be seen, but it changes its poll's tally: a mark in every
        tally makes the two collide. Set before anything is read, the mark is as good as a lock on the
        polls: nothing that this transaction reads later can change under it.
        """
        await self._tallies.update_many({}, {"$inc": {"withdrawals": 1}}, session=session)
        moves: defaultdict[int, Counter[str]] = defaultdict(Counter)
        async for vote in self._votes.find({"user_id": voter}, session=session):
            moves[vote["poll_id"]] += Counter({f"stats.{vote['option_id']}": 1, "total": 1})
        if not moves:
            return
        await self._votes.delete_many({"user_id": voter}, session=session)
        lowered = [
            UpdateOne({"poll_id": poll}, {"$inc": {name: -n for name, n in counts.items()} | {"version": 1}})
            for poll, counts in moves.items()
        ]
        await self._tallies.bulk_write(lowered, ordered=False, session=session)
