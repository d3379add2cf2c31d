"""Loads companies, which share the numbers of people, and the people there whom one writes to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from storage.driver import Document, Session, UpdateOne
from storage.imports import klub_models as models
from storage.imports.klub_rows import Base, Draft, OwnRows
from storage.imports.ledger import Key
from storage.imports.mapping import Entry
from storage.imports.rows import restarting
from storage.imports.sequences import Numbers
from storage.klub.companies import COMPANIES, CONTACTS, NUMBERS

FIELDS = ("name", "crn", "tin", "type", "street", "city", "zip_code", "note")


class CompanyRows:
    """Stores profiles that are companies."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self._rows = base.database[COMPANIES]
        self._numbers = Numbers(base.database, COMPANIES, field="_id", sequence=NUMBERS)

    async def known(self, keys: Sequence[Key]) -> Collection[Key]:
        """Return which profiles became companies with an earlier file."""
        entries = await self._base.mapping.entries(models.PROFILE, keys)
        return {key for key, entry in entries.items() if entry.target is None and entry.id is not None}

    async def store(self, wholes: Mapping[Key, Document]) -> None:
        """Store companies; one with the register's number of another company is that one."""
        if not wholes:
            return

        async def work(session: Session) -> None:
            entries = await self._base.mapping.entries(models.PROFILE, [*wholes], session)
            ids = [each.id for each in entries.values() if each.id is not None]
            crns = [whole["crn"] for whole in wholes.values() if whole.get("crn")]
            wanted = {"$or": [{"_id": {"$in": ids}}, {"known_by": {"$in": crns}}]}
            rows = await self._rows.find(wanted, session=session).to_list(None)
            found = Stored(rows, entries)
            new = {key: as_number(key) for key, whole in wholes.items() if found.of(key, whole) is None}
            numbers = await self._numbers.assign(new, session)
            memories = []
            for key, whole in wholes.items():
                number = await self._write(key, whole, found, numbers, session)
                memories.append(self._base.mapping.remember(models.PROFILE, key, id=number, target=None))
            await self._base.mapping.collection.bulk_write(memories, session=session)

        await restarting(self._base.database, work)

    async def _write(
        self, key: Key, whole: Document, found: Stored, numbers: Mapping[Key, int], session: Session
    ) -> int:
        values = {name: whole[name] for name in FIELDS if whole.get(name)}
        former = found.of(key, whole)
        if former is None:
            row = {"_id": numbers[key], "name": "", "crn": "", **values}
            if values.get("crn"):
                row["known_by"] = values["crn"]
            await self._rows.insert_one(row, session=session)
            found.add(row)
            return numbers[key]
        if not found.made(key, former):
            values = {name: value for name, value in values.items() if not former.get(name)}
        if values:
            await self._rows.bulk_write(
                [UpdateOne({"_id": former["_id"]}, {"$set": values})], session=session
            )
        return int(former["_id"])


class Stored:
    """Companies that rows may mean, by number and by the register's number."""

    def __init__(self, rows: Sequence[Document], entries: Mapping[Key, Entry]) -> None:
        self._by_id: dict[int, Document] = {}
        self._by_crn: dict[str, Document] = {}
        self._entries = entries
        for row in rows:
            self.add(row)

    def add(self, row: Document) -> None:
        """Add one."""
        self._by_id[row["_id"]] = row
        if "known_by" in row:
            self._by_crn[row["known_by"]] = row

    def of(self, key: Key, whole: Mapping[str, Any]) -> Document | None:
        """Find the company of a profile."""
        entry = self._entries.get(key)
        own = self._by_id.get(entry.id) if entry is not None and entry.id is not None else None
        return own if own is not None else self._by_crn.get(whole.get("crn") or "")

    def made(self, key: Key, row: Document) -> bool:
        """Tell whether the profile made the company earlier."""
        entry = self._entries.get(key)
        return entry is not None and entry.id == row["_id"]


class ContactRows(OwnRows):
    """The loader of contacts."""

    companies = True

    def __init__(self, base: Base) -> None:
        super().__init__(base, models.CONTACTS, CONTACTS)

    def describe(self, draft: Draft) -> Document:
        """Spell addresses as they are looked for."""
        values = super().describe(draft)
        return {**values, "email": values["email"].lower()}


def as_number(key: Key) -> int | None:
    """Return the number that a profile asks for."""
    return key if isinstance(key, int) else None
