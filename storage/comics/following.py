"""The list of what one account follows, narrowed by conditions on the comics."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from storage.comics.conditions import Selection
from storage.comics.errors import refusals
from storage.comics.listing import Listing
from storage.comics.matching import both, object_filter
from storage.comics.objects import Subscription
from storage.database import Database
from storage.driver import Document

BATCH = 500  # subscriptions of one piece of a stream
NOTHING: Document = {"_id": {"$in": []}}


class Following(Listing[Subscription]):
    """An account's subscriptions by id; everything raises Slow and BadPattern."""

    def __init__(self, database: Database, reader: int, selection: Selection, patience: int) -> None:
        self._rows = database["comic_subscriptions"]
        self._comics = database["comics"]
        self._reader = reader
        self._selection = selection
        self._patience = patience
        self._wanted: Document | None = None

    async def total(self) -> int:
        """Count them."""
        wanted = await self._filter()
        with refusals():
            return await self._rows.count_documents(wanted, maxTimeMS=self._patience)

    async def window(self, offset: int, limit: int) -> Sequence[Subscription]:
        """Return one page; a limit of 0 is none."""
        if not limit:
            return []
        with refusals():
            found = self._rows.find(await self._filter(), sort=[("_id", 1)], skip=offset, limit=limit)
            return [Subscription.of(row) async for row in found.max_time_ms(self._patience)]

    async def stream(self, offset: int) -> AsyncIterator[Sequence[Subscription]]:
        """Yield all that follow, in batches."""
        while batch := await self.window(offset, BATCH):
            yield batch
            offset += len(batch)

    async def _filter(self) -> Document:
        """Return what finds them; which comics the conditions mean is looked up once."""
        if self._wanted is None:
            own = object_filter(self._selection.own)
            comics = await self._comics_filter()
            nothing = own is None or comics is None
            self._wanted = NOTHING if nothing else both({"user_id": self._reader}, own or {}, comics or {})
        return self._wanted

    async def _comics_filter(self) -> Document | None:
        if not self._selection.comic:
            return {}
        wanted = object_filter(self._selection.comic)
        if wanted is None:
            return None
        with refusals():
            found = self._comics.find(wanted, {"_id": 1}).max_time_ms(self._patience)
            return {"comic_id": {"$in": [row["_id"] async for row in found]}}
