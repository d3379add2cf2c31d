"""Releases that imports have stored and that nobody was told of yet."""

from __future__ import annotations

from collections.abc import Sequence

from storage.comics.posting import Posting
from storage.database import Database
from storage.driver import Session

PORTION = 50  # releases that are told of in one transaction: each may have a channel of its own


class News:
    """Rows of `comic_news`: {_id: the release's id}, written in the transaction that stores a new release.

    They are posted when a whole import is through. Until then they outlive a crash: what a killed import
    has brought is told by the next one.
    """

    def __init__(self, database: Database, posting: Posting, size: int) -> None:
        self._database = database
        self._rows = database["comic_news"]
        self._releases = database["comic_releases"]
        self._posting = posting
        self.size = size

    async def note(self, numbers: Sequence[int], session: Session) -> None:
        """Note new releases, in the transaction that stores them."""
        if numbers:
            await self._rows.insert_many([{"_id": number} for number in numbers], session=session)

    async def tell(self) -> None:
        """Post the last fetched of them, at most as many as a channel's history keeps; forget the others."""
        waiting = [row["_id"] async for row in self._rows.find({})]
        found = self._releases.find({"_id": {"$in": waiting}}, {"fetched": 1})
        order = [number for _, number in sorted([(row["fetched"], row["_id"]) async for row in found])]
        told = order[-self.size :] if self.size > 0 else []
        await self._rows.delete_many({"_id": {"$in": sorted(set(waiting) - set(told))}})
        for start in range(0, len(told), PORTION):
            await self._post(told[start : start + PORTION])

    async def _post(self, numbers: Sequence[int]) -> None:
        async def work(session: Session) -> None:
            wanted = {"_id": {"$in": list(numbers)}}
            left = {row["_id"] async for row in self._rows.find(wanted, session=session)}
            await self._rows.delete_many(wanted, session=session)
            # Another import may have told of some in this moment.
            await self._posting.post_releases([each for each in numbers if each in left], session)

        await self._database.transaction(work)
