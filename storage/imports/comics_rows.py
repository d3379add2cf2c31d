"""Loads comics, images and releases: their numbers in the dump are their ids here, new or known."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from storage.database import Database
from storage.driver import Document, Session, UpdateMany, UpdateOne
from storage.imports import comics_models as models
from storage.imports.comics_news import Newest
from storage.imports.ledger import Ledger
from storage.imports.models import Model, Row
from storage.imports.record import BadRecord, Outcome, Record
from storage.imports.rows import restarting
from storage.imports.sequences import raise_sequences

Stored = Mapping[int, Document]


class CatalogueRows(ABC):
    """The loader of one model's rows; rows that change nothing are not written.

    `now`, in microseconds, stands for a time that a new row does not tell.
    """

    time = "fetched"  # the field that is the time of loading where a row does not tell it

    def __init__(self, database: Database, model: Model, collection: str, now: int) -> None:
        self.label = model.label
        self.database = database
        self.model = model
        self.collection = collection
        self.rows = database[collection]
        self.now = now
        self._highest = 0
        self._raised = 0

    async def check(self, records: Sequence[Record], ledger: Ledger) -> Outcome:
        """Find rows of another shape, and note what they refer to."""
        rows = [self.model.read(record) for record in records]
        self.model.note(rows, ledger)
        self._highest = max(self._highest, *(number_of(row) for row in rows))
        await self.look(rows)
        return self._count(rows)

    async def look(self, rows: Sequence[Row]) -> None:  # noqa: B027  not all have more to see
        """Look at rows before any is written; raises BadRecord."""

    async def write(self, records: Sequence[Record]) -> Outcome:
        """Store a batch in one transaction; of rows with one key the last one counts."""
        rows = [self.model.read(record) for record in records]
        latest = {number_of(row): row for row in rows}
        # Numbers that are given out lie above those of the file, before any of these is seen.
        if self._highest > self._raised:
            await raise_sequences(self.database, {self.collection: self._highest})
            self._raised = self._highest

        async def work(session: Session) -> None:
            await self.store(latest, session)

        await restarting(self.database, work)
        return self._count(rows)

    def _count(self, rows: Sequence[Row]) -> Outcome:
        outcome = Outcome()
        outcome.take(self.label, len(rows))
        return outcome

    async def finish(self) -> None:  # noqa: B027  the comics keep their counts as they go
        """Nothing is left to be derived from the rows."""

    @abstractmethod
    async def store(self, rows: Mapping[int, Row], session: Session) -> None:
        """Store rows by their numbers, and what follows from them."""

    async def put(
        self, rows: Mapping[int, Document], stored: Stored, session: Session
    ) -> tuple[list[int], list[int]]:
        """Store new documents and changed ones; return the numbers of both."""
        new = [number for number in rows if number not in stored]
        changed = [number for number in rows if number in stored and differs(rows[number], stored[number])]
        if new:
            fresh = [{"_id": number, **rows[number]} for number in new]
            await self.rows.insert_many(fresh, ordered=False, session=session)
        if changed:
            updates = [UpdateOne({"_id": number}, {"$set": rows[number]}) for number in changed]
            await self.rows.bulk_write(updates, session=session)
        return new, changed

    async def find(self, numbers: Sequence[int], session: Session | None = None) -> dict[int, Document]:
        """Find what is stored under some numbers."""
        found = self.rows.find({"_id": {"$in": list(numbers)}}, session=session)
        return {row["_id"]: row for row in await found.to_list(None)}

    def compose(self, row: Row, former: Document | None) -> Document:
        """Return what a row's own fields are stored as."""
        values = {name: row.fields[name] for name in self.model.shape}
        if values[self.time] is None:
            values[self.time] = self.now if former is None else former[self.time]
        return values

    async def recount(
        self, field: str, rows: Mapping[int, Document], stored: Stored, session: Session
    ) -> None:
        """Keep the number of such rows that their comics tell; where one tells none, it stays so."""
        moves: Counter[int] = Counter(row["comic_id"] for row in rows.values())
        moves.subtract(stored[number]["comic_id"] for number in rows if number in stored)
        updates = [
            UpdateOne({"_id": comic, field: {"$exists": True}}, {"$inc": {field: by}})
            for comic, by in sorted(moves.items())
            if by
        ]
        if updates:
            await self.database["comics"].bulk_write(updates, ordered=False, session=session)


class ComicRows(CatalogueRows):
    """The loader of comics; a slug belongs to one of them, in the file and in what is stored."""

    time = "added"

    def __init__(self, database: Database, now: int) -> None:
        super().__init__(database, models.COMICS, "comics", now)
        self._slugs: dict[int, tuple[str, int]] = {}  # with the places where they stand

    async def look(self, rows: Sequence[Row]) -> None:
        """Keep the slugs until all are known."""
        self._slugs |= {number_of(row): (row.fields["slug"], row.place) for row in rows}

    async def judge(self) -> None:
        """Find the first comic whose slug another one holds when the file is loaded; raises BadRecord."""
        holders: dict[str, int] = {}
        faults: list[tuple[int, str, int]] = []
        for number, (slug, place) in self._slugs.items():
            if (holder := holders.setdefault(slug, number)) != number:
                faults.append((max(place, self._slugs[holder][1]), slug, holder))
        found = self.rows.find({"slug": {"$in": list(holders)}}, {"slug": 1})
        async for row in found:
            # A comic that the file has, too, gets its slug from there.
            if row["_id"] not in self._slugs:
                faults.append((self._slugs[holders[row["slug"]]][1], row["slug"], row["_id"]))
        if faults:
            place, slug, holder = min(faults)
            raise BadRecord(place, f"slug {slug!r} is that of {self.label} {holder}")

    async def store(self, rows: Mapping[int, Row], session: Session) -> None:
        """Store comics; those that an import brings are no demo's."""
        await self._free_slugs(rows, session)
        stored = await self.find(list(rows), session)
        made = {
            number: {**self.compose(row, stored.get(number)), **blank(stored.get(number))}
            for number, row in rows.items()
        }
        await self.put(made, stored, session)
        demo = [number for number, former in stored.items() if former.get("demo")]
        if demo:
            await self.rows.update_many({"_id": {"$in": demo}}, {"$unset": {"demo": ""}}, session=session)

    async def _free_slugs(self, rows: Mapping[int, Row], session: Session) -> None:
        """Take slugs from comics that get others by the same file, maybe in a later batch."""
        wanted = {row.fields["slug"]: number for number, row in rows.items()}
        found = self.rows.find({"slug": {"$in": list(wanted)}}, {"slug": 1}, session=session)
        async for row in found:
            number = wanted[row["slug"]]
            if row["_id"] == number:
                continue
            if row["_id"] not in self._slugs:  # since the check
                place, holder = rows[number].place, row["_id"]
                raise BadRecord(place, f"slug {row['slug']!r} is that of {self.label} {holder}")
            parked = {"$set": {"slug": f"{row['slug']}~{row['_id']}"}}
            await self.rows.update_one({"_id": row["_id"]}, parked, session=session)


class ImageRows(CatalogueRows):
    """The loader of images; releases hold copies of theirs."""

    def __init__(self, database: Database, now: int) -> None:
        super().__init__(database, models.IMAGES, "comic_images", now)
        self._releases = database["comic_releases"]

    async def store(self, rows: Mapping[int, Row], session: Session) -> None:
        """Store images, and change the copies of those that were there."""
        stored = await self.find(list(rows), session)
        made = {number: self.compose(row, stored.get(number)) for number, row in rows.items()}
        _, changed = await self.put(made, stored, session)
        await self.recount("n_images", made, stored, session)
        if changed:
            copies = [
                UpdateMany({"images._id": number}, {"$set": {"images.$": {"_id": number, **made[number]}}})
                for number in changed
            ]
            await self._releases.bulk_write(copies, ordered=False, session=session)

    def compose(self, row: Row, former: Document | None) -> Document:
        """Add the comic."""
        return {"comic_id": row.fields["comic"], **super().compose(row, former)}


class ReleaseRows(CatalogueRows):
    """The loader of releases; the newest of those that are new are noted, to be told of in the end."""

    def __init__(self, database: Database, now: int, newest: Newest) -> None:
        super().__init__(database, models.RELEASES, "comic_releases", now)
        self._images = database["comic_images"]
        self._newest = newest

    async def look(self, rows: Sequence[Row]) -> None:
        """Find out which will be the newest; raises BadRecord for one with far too many images."""
        for row in rows:
            if len(row.fields["images"]) > models.MOST_IMAGES:
                raise BadRecord(row.place, f"images are more than {models.MOST_IMAGES}")
        times = {number_of(row): self._time_of(row) for row in rows}
        fresh = [number for number, fetched in times.items() if self._newest.admits(fetched, number)]
        if fresh:
            found = self.rows.find({"_id": {"$in": fresh}}, {"_id": 1})
            known = {row["_id"] for row in await found.to_list(None)}
            for number in fresh:
                if number not in known:
                    self._newest.add(times[number], number)

    def _time_of(self, row: Row) -> int:
        fetched: int | None = row.fields["fetched"]
        return self.now if fetched is None else fetched

    async def store(self, rows: Mapping[int, Row], session: Session) -> None:
        """Store releases with copies of their images, by id."""
        stored = await self.find(list(rows), session)
        wanted = {number for row in rows.values() for number in row.fields["images"]}
        found = self._images.find({"_id": {"$in": list(wanted)}}, session=session)
        images = {row["_id"]: row for row in await found.to_list(None)}
        made = {
            number: {
                "comic_id": row.fields["comic"],
                **self.compose(row, stored.get(number)),
                "images": [images[each] for each in sorted(set(row.fields["images"]))],
            }
            for number, row in rows.items()
        }
        new, _ = await self.put(made, stored, session)
        await self.recount("n_releases", made, stored, session)
        await self._newest.note(new, session)


def number_of(row: Row) -> int:
    """Return the number of a row, which its model has read as one."""
    number: Any = row.key
    assert isinstance(number, int)
    return number


def differs(values: Document, former: Document) -> bool:
    """Tell whether some of the values are others than what is stored."""
    return any(name not in former or former[name] != value for name, value in values.items())


def blank(former: Document | None) -> Document:
    """Return what a new comic counts."""
    return {"n_releases": 0, "n_images": 0} if former is None else {}
