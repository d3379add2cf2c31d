"""Lists of images, by id."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from storage.comics.conditions import Selection
from storage.comics.counting import Question
from storage.comics.front import Fronts
from storage.comics.listing import Listing, Shared
from storage.comics.matching import both, indexable, object_filter
from storage.comics.objects import Image
from storage.comics.pages import Pages
from storage.comics.planning import BY_ID, Way, image_ways
from storage.database import Database
from storage.driver import Document

COLLECTION = "comic_images"
INDEXED = ("height", "width", "fetched", "title")
FIRST_BATCH, BATCH = 100, 500


class ImageListing(Listing[Image]):
    """The images of one selection."""

    def __init__(self, database: Database, shared: Shared, selection: Selection, patience: int) -> None:
        self._rows = database[COLLECTION]
        self._shared = shared
        self._fronts = Fronts(database, shared.pages, COLLECTION, BY_ID, "n_images")
        self._pages = Pages(database, COLLECTION, BY_ID, patience)
        self._selection = selection
        self._patience = patience
        self._wanted = object_filter(selection.own)
        self._fields = indexable(selection.own)
        self._total: int | None = None

    async def total(self) -> int:
        """Count the images."""
        if self._total is None:
            self._total = await self._count()
        return self._total

    async def window(self, offset: int, limit: int) -> Sequence[Image]:
        """Return one page."""
        return await self._read({}, offset, limit, await self.total())

    async def page(self, offset: int, limit: int) -> tuple[int, Sequence[Image]]:
        """Count the images and return one page; the first of all images cost one round trip."""
        if not self._selection.own:
            front = await self._fronts.page(offset, limit, self._patience)
            if front is not None:
                return front[0], [Image.of(row) for row in front[1]]
        return await super().page(offset, limit)

    async def stream(self, offset: int) -> AsyncIterator[Sequence[Image]]:
        """Yield everything from an offset on; each batch is found behind the last one, on its own."""
        total = await self.total()
        batch = await self.window(offset, FIRST_BATCH)
        offset += len(batch)
        while batch:
            yield batch
            batch = await self._read({"_id": {"$gt": batch[-1].id}}, 0, BATCH, total - offset)
            offset += len(batch)

    async def _read(self, further: Document, offset: int, limit: int, total: int) -> Sequence[Image]:
        if offset >= total or self._wanted is None:
            return ()
        indexed = next((name for name in self._fields if name in INDEXED), None)
        if self._wanted:
            # How many there are only helps to choose a way, so that the collection's own estimate will do.
            stored, wanted = await self._rows.estimated_document_count(), both(further, self._wanted)
            ways = image_ways(wanted, indexed, offset + limit, total, stored)
        else:
            ways = (Way(BY_ID, (further,)),)
        return [Image.of(row) for row in await self._pages.page(ways, offset, limit, total)]

    async def _count(self) -> int:
        if self._wanted is None:
            return 0
        if not self._wanted:
            return await self._all()
        key = (COLLECTION, self._selection)
        question = Question(COLLECTION, self._wanted, key, bool(self._fields))
        return await self._shared.counting.count(question, self._patience)

    async def _all(self) -> int:
        """Count all images: from what comics keep, else through the index of ids."""
        kept = await self._shared.choosing.tally("n_images")
        if kept is not None:
            return kept
        question = Question(COLLECTION, {"_id": {"$gt": 0}}, COLLECTION, indexed=True)
        return await self._shared.counting.count(question, self._patience)
