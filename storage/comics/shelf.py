"""Lists of comics, by name; there are a thousand or so."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from storage.comics.conditions import Selection
from storage.comics.errors import refusals
from storage.comics.listing import Listing, Shared
from storage.comics.objects import Comic
from storage.database import Database
from storage.driver import Document

COLLECTION = "comics"
BATCH = 500


class ComicListing(Listing[Comic]):
    """The comics of one selection, in the order of their names' code points, then of ids."""

    def __init__(
        self, database: Database, shared: Shared, selection: Selection, reader: int, patience: int
    ) -> None:
        self._rows = database[COLLECTION]
        self._choosing = shared.choosing
        self._selection = selection
        self._reader = reader
        self._patience = patience
        self._wanted: Document | None = None
        self._resolved = False

    async def total(self) -> int:
        """Count the comics."""
        wanted = await self._resolve()
        if wanted is None:
            return 0
        with refusals():
            return await self._rows.count_documents(wanted, maxTimeMS=self._patience)

    async def window(self, offset: int, limit: int) -> Sequence[Comic]:
        """Return one page."""
        wanted = await self._resolve()
        if wanted is None or not limit:
            return ()
        rows = self._rows.find(wanted, sort=[("name", 1), ("_id", 1)], skip=offset, limit=limit)
        with refusals():
            return [Comic.of(row) for row in await rows.max_time_ms(self._patience).to_list(None)]

    async def stream(self, offset: int) -> AsyncIterator[Sequence[Comic]]:
        """Yield everything from an offset on."""
        while batch := await self.window(offset, BATCH):
            yield batch
            offset += len(batch)

    async def _resolve(self) -> Document | None:
        """Return the filter; None when nothing can match."""
        if not self._resolved:
            own, subscribed = self._selection.own, self._selection.subscribed
            self._wanted = await self._choosing.wanted(own, subscribed, self._reader)
            self._resolved = True
        return self._wanted
