"""The gazetteer: the suburbs of each postcode and the streets of each suburb."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from storage.database import Database, Index, index, is_duplicate
from storage.driver import BulkWriteError, Document, UpdateOne
from storage.driver import Collection as Stored

BATCH = 1000  # documents of one bulk write


class Suburb(NamedTuple):
    """A suburb as it is stored: country in lower, name in upper case, the postcode with leading zeros."""

    country: str
    postcode: str
    name: str


class Gazetteer:
    """Answers each question from one document, found by its unique index."""

    INDEXES: tuple[Index, ...] = (
        index("suburbs", "country", "postcode", unique=True),
        index("streets", "country", "postcode", "suburb", unique=True),
    )

    def __init__(self, database: Database) -> None:
        self._suburbs = database["suburbs"]
        self._streets = database["streets"]

    async def suburbs(self, country: str, postcode: str) -> list[str]:
        """Return the suburbs of a postcode, ascending; none where nothing is known."""
        key = {"country": country.lower(), "postcode": postcode}
        return _names(await self._suburbs.find_one(key, {"suburbs": 1}), "suburbs")

    async def streets(self, country: str, postcode: str, suburb: str) -> list[str]:
        """Return the streets of a suburb, ascending; none where nothing is known."""
        key = {"country": country.lower(), "postcode": postcode, "suburb": suburb.upper()}
        return _names(await self._streets.find_one(key, {"streets": 1}), "streets")

    async def add(self, places: Mapping[Suburb, Collection[str]]) -> None:
        """Add suburbs with their streets to what is known; what is known already stays as it is."""
        suburbs: dict[tuple[str, str], set[str]] = {}
        for place in places:
            suburbs.setdefault((place.country, place.postcode), set()).add(place.name)
        await _write(
            self._suburbs,
            [
                _union({"country": country, "postcode": postcode}, "suburbs", names)
                for (country, postcode), names in suburbs.items()
            ],
        )
        await _write(
            self._streets,
            [
                _union(dict(zip(("country", "postcode", "suburb"), place, strict=True)), "streets", names)
                for place, names in places.items()
                if names
            ],
        )


def _names(row: Document | None, field: str) -> list[str]:
    return sorted(set(row[field])) if row is not None else []


def _union(key: Document, field: str, names: Collection[str]) -> UpdateOne:
    """Add names to a set; a union that adds nothing is no write, and takes no time that grows squared."""
    known = {"$ifNull": [f"${field}", []]}
    union = {"$setUnion": [known, {"$literal": sorted(names)}]}
    return UpdateOne(key, [{"$set": {field: union}}], upsert=True)


async def _write(collection: Stored, updates: Sequence[UpdateOne]) -> None:
    waiting = iter(updates)
    while batch := list(islice(waiting, BATCH)):
        try:
            await collection.bulk_write(batch, ordered=False)
        except BulkWriteError as error:
            if not is_duplicate(error):
                raise
            # Another run made the same document in the same moment: it exists now, add to it.
            await collection.bulk_write(batch, ordered=False)
