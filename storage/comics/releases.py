"""Lists of releases: newest first, found through their comic, their day, their images, or by walking."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date

from storage.comics.bounds import Days, day_bounds, number_bounds
from storage.comics.choosing import split
from storage.comics.conditions import EVERYTHING, Condition, Kind, Lookup, Selection
from storage.comics.counting import Question, total_of
from storage.comics.front import Fronts
from storage.comics.listing import Listing, Shared
from storage.comics.matching import both, embedded_filter, indexable, object_filter
from storage.comics.objects import Release
from storage.comics.pages import Pages
from storage.comics.planning import MANY_DAYS, NEWEST, Sought, release_ways
from storage.database import Database
from storage.driver import Document

COLLECTION = "comic_releases"
IMAGE_FIELDS = ("_id", "height", "width", "fetched", "title")  # those that an index of releases is on
FIRST_BATCH, BATCH = 100, 500
MOST_NUMBERS = 20_000  # of a range that is counted number by number


class ReleaseListing(Listing[Release]):
    """The releases of one selection; its comics and its total are found out once."""

    def __init__(
        self, database: Database, shared: Shared, selection: Selection, reader: int, patience: int
    ) -> None:
        self._rows = database[COLLECTION]
        self._images = database["comic_images"]
        self._shared = shared
        self._fronts = Fronts(database, shared.pages, COLLECTION, NEWEST, "n_releases")
        self._pages = Pages(database, COLLECTION, NEWEST, patience)
        self._selection = selection
        self._reader = reader
        self._patience = patience
        self._sought: Sought | None = None
        self._total: int | None = None

    async def total(self) -> int:
        """Count the releases."""
        if self._total is None:
            self._total = await self._count()
        return self._total

    async def window(self, offset: int, limit: int) -> Sequence[Release]:
        """Return one page, newest first."""
        return await self._read({}, offset, limit, await self.total())

    async def page(self, offset: int, limit: int) -> tuple[int, Sequence[Release]]:
        """Count the releases and return one page; the first of all releases cost one round trip."""
        if self._selection == EVERYTHING:
            front = await self._fronts.page(offset, limit, self._patience)
            if front is not None:
                return front[0], [Release.of(row) for row in front[1]]
        return await super().page(offset, limit)

    async def stream(self, offset: int) -> AsyncIterator[Sequence[Release]]:
        """Yield everything from an offset on; each batch is found behind the last one, on its own."""
        total = await self.total()
        batch = await self.window(offset, FIRST_BATCH)
        offset += len(batch)
        while batch:
            yield batch
            batch = await self._read(behind(batch[-1]), 0, BATCH, total - offset)
            offset += len(batch)

    async def _read(self, further: Document, offset: int, limit: int, total: int) -> Sequence[Release]:
        if offset >= total or not (sought := await self._seek()):
            return ()
        # How many there are only helps to choose a way, so that the collection's own estimate will do.
        stored = await self._rows.estimated_document_count() if sought.by_image else total
        ways = release_ways(sought.narrowed(further), offset + limit, total, stored)
        return [Release.of(row) for row in await self._pages.page(ways, offset, limit, total)]

    async def _seek(self) -> Sought | None:
        """Resolve the selection; None when nothing can match."""
        if self._sought is None:
            self._sought = await self._resolve()
        return self._sought

    async def _resolve(self) -> Sought | None:
        on_comic, own = split(self._selection)
        on_own, on_images = object_filter(own), images_filter(self._selection.image)
        if on_own is None or on_images is None:
            return None
        image_fields = [name for name in indexable(self._selection.image) if name in IMAGE_FIELDS]
        if any(map(is_without, self._selection.image)):
            image_fields = ["_id"]
        sought = Sought(
            both(on_own, on_images),
            days=await self._clip(day_bounds(own)),
            image_field=image_fields[0] if image_fields else None,
            by_image=bool(on_images),
            indexed=bool(image_fields or indexable(own)),
        )
        subscribed = self._selection.subscribed
        if not on_comic and subscribed is None:
            return sought
        chosen = await self._shared.choosing.chosen(on_comic, subscribed, self._reader, self._patience)
        ids = tuple(row["_id"] for row in chosen)
        return sought.of_comics(ids, total_of(chosen, "n_releases")) if ids else None

    async def _clip(self, days: Days | None) -> tuple[date, date] | None:
        """Keep to the days that there are releases of, where the conditions leave very many."""
        if days is None:
            return None
        first, last = days[0] or date.min, days[1] or date.max
        if (last - first).days < MANY_DAYS:
            return first, last
        stored = [
            await self._rows.find_one({}, {"pub_date": 1}, sort=[("pub_date", direction)])
            for direction in (1, -1)
        ]
        ends = [date.fromisoformat(row["pub_date"]) for row in stored if row]
        return (max(first, ends[0]), min(last, ends[1])) if len(ends) == 2 else (first, last)

    async def _count(self) -> int:
        sought = await self._seek()
        if sought is None:
            return 0
        if not sought.filter:
            kept = (
                sought.weight
                if sought.comics is not None
                else await self._shared.choosing.tally("n_releases")
            )
            if kept is not None:
                return kept
        wanted = sought.whole()
        if sought.by_image and (dense := await self._dense()):
            own = object_filter(split(self._selection)[1]) or {}
            wanted = both(own, dense, sought.comics_filter())
        # Without any filter, the ids' index counts what the collection's own estimate may get wrong.
        question = Question(
            COLLECTION,
            wanted or {"_id": {"$gt": 0}},
            (COLLECTION, self._selection, sought.comics),
            sought.indexed,
        )
        return await self._shared.counting.count(question, self._patience)

    async def _dense(self) -> Document | None:
        """Return the images' numbers one by one: only so are they counted without looking at documents.

        A range has two ends, and an index of list entries can't know that one entry keeps both.
        """
        bounds = number_bounds(self._selection.image)
        if bounds is None:
            return None
        name, (low, high) = bounds
        if low is None or high is None:
            return {f"images.{name}": {"$gte": low} if high is None else {"$lte": high}}
        low, high = max(low, await self._extreme(name, 1)), min(high, await self._extreme(name, -1))
        if high - low >= MOST_NUMBERS:
            return None
        return {f"images.{name}": {"$in": list(range(low, high + 1))}}

    async def _extreme(self, name: str, direction: int) -> int:
        """Return the lowest or highest number of any image."""
        row = await self._images.find_one({}, {name: 1}, sort=[(name, direction)])
        return int(row[name]) if row else 0


def images_filter(conditions: Sequence[Condition]) -> Document | None:
    """Return the filter on a release's images; None when nothing can match."""
    without = [each for each in conditions if is_without(each)]
    if not without:
        return embedded_filter("images", conditions) if conditions else {}
    # A release without images has none that could hold a further condition.
    return {"images._id": {"$exists": False}} if len(without) == len(conditions) else None


def is_without(condition: Condition) -> bool:
    """Tell whether a condition asks for releases that have no image."""
    return condition.kind is Kind.RELATION and condition.lookup is Lookup.ISNULL and bool(condition.value)


def behind(last: Release) -> Document:
    """Return the filter for what follows a release; its first part lets an index begin right there."""
    later = {"fetched": last.fetched, "_id": {"$lt": last.id}}
    return {
        "fetched": {"$lte": last.fetched},
        "$or": [{"fetched": {"$lt": last.fetched}}, later],
    }
