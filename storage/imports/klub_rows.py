"""Loads rows that are Klub's own: each becomes a document under its key in the dump, if that is free."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from storage.counters import Counters
from storage.database import Database
from storage.driver import Document, Session, UpdateOne
from storage.imports import klub_models as models
from storage.imports.ledger import Key, Ledger
from storage.imports.linked import ORPHANED
from storage.imports.mapping import Entry, ImportMap
from storage.imports.models import Model, Row
from storage.imports.record import Outcome, Record
from storage.imports.rows import restarting
from storage.imports.sequences import Numbers
from storage.klub.event import fold

# What fields are called here.
STORED = {
    "administrative_unit": "unit",
    "administrative_units": "units",
    "event_type": "type",
    "profile": "user",
    "user_donor_payment_channel": "channel",
}
COLLECTIONS = {
    models.UNIT: "administrative_units",
    models.MONEY: "money_accounts",
    models.CHANNEL: "donor_channels",
    models.EVENT: "events",
    models.TYPE: "event_types",
    models.LOCATION: "locations",
    models.POSITION: "organization_positions",
    models.CATEGORY: "interaction_categories",
    models.KIND: "interaction_types",
}
NOBODY = "its person was deleted here, or is a company"
Ids = Mapping[tuple[str, Key], int]


@dataclass(frozen=True, slots=True)
class Base:
    """What all loaders of a file share."""

    database: Database
    mapping: ImportMap
    counters: Counters


@dataclass(frozen=True, slots=True)
class Draft:
    """A row on its way: its number here, what is stored of it already, and the numbers of what it names."""

    row: Row
    number: int
    former: Document | None
    ids: Ids
    links: Mapping[str, str]

    def id_of(self, field: str) -> int | None:
        """Return the number of what a field names."""
        return self.ids.get((self.links[field], self.row.fields[field]))

    def ids_of(self, field: str) -> list[int]:
        """Return the numbers of what a field names, each once."""
        keys = self.row.fields[field]
        found = [self.ids[place] for key in keys if (place := (self.links[field], key)) in self.ids]
        return list(dict.fromkeys(found))


async def resolve(
    base: Base, label: str, keys: Collection[Key], session: Session, *, companies: bool = False
) -> dict[Key, int]:
    """Find the numbers that rows of a label have here, as far as what they became still exists."""
    entries = await base.mapping.entries(label, keys, session)
    if label == models.PROFILE:
        return await _resolve_payers(base, entries, session, companies=companies)
    if label not in COLLECTIONS:
        return {}
    ids = [each.id for each in entries.values() if each.id is not None]
    rows = base.database[COLLECTIONS[label]].find({"_id": {"$in": ids}}, {"_id": 1}, session=session)
    there = {row["_id"] for row in await rows.to_list(None)}
    return {key: each.id for key, each in entries.items() if each.id is not None and each.id in there}


async def _resolve_payers(
    base: Base, entries: Mapping[Key, Entry], session: Session, *, companies: bool
) -> dict[Key, int]:
    """Find people, whose deletion the transaction then collides with, and, if wanted, companies."""
    oids = {each.target for each in entries.values() if each.target is not None}
    await base.mapping.hold(oids, session)
    rows = base.database["users"].find({"_id": {"$in": list(oids)}}, {"id": 1}, session=session)
    people = {row["_id"]: row["id"] for row in await rows.to_list(None)}
    found = {key: people[each.target] for key, each in entries.items() if each.target in people}
    if companies:
        found |= {
            key: each.id for key, each in entries.items() if each.target is None and each.id is not None
        }
    return found


class OwnRows:
    """The loader of a model's rows."""

    companies = False  # whether profiles that are companies are meant, too

    def __init__(self, base: Base, model: Model, collection: str) -> None:
        self.label = model.label
        self.base = base
        self.model = model
        self.collection = collection
        self.rows = base.database[collection]
        self.numbers = Numbers(base.database, collection, field="_id")
        self.ledger: Ledger | None = None
        self.key = model.label  # under which rows are remembered

    async def check(self, records: Sequence[Record], ledger: Ledger) -> Outcome:
        """Find rows of another shape, and note what they refer to."""
        self.ledger = ledger
        rows = [self.model.read(record) for record in records]
        self.model.note(rows, ledger)
        self.look(rows, ledger)
        self.numbers.see(number_of(row) for row in rows)
        outcome = Outcome()
        outcome.take(self.label, len(rows))
        return outcome

    def look(self, rows: Sequence[Row], ledger: Ledger) -> None:
        """See what rows say before any is written."""

    async def write(self, records: Sequence[Record]) -> Outcome:
        """Store a batch in one transaction; of rows with one key the last one counts."""
        rows = [self.model.read(record) for record in records]
        latest = list({row.key: row for row in rows}.values())

        async def work(session: Session) -> Mapping[Key, str]:
            return await self._store(latest, session)

        reasons: Mapping[Key, str] = await restarting(self.base.database, work)
        outcome = Outcome()
        for key, n in Tally(row.key for row in rows).items():
            if key in reasons:
                outcome.skip(self.label, reasons[key], n)
            else:
                outcome.take(self.label, n)
        return outcome

    async def finish(self) -> None:
        """Bring up to date what is derived from the rows; of most there is nothing."""

    async def _store(self, rows: Sequence[Row], session: Session) -> Mapping[Key, str]:
        ids = await self._resolve(rows, session)
        reasons = {row.key: reason for row in rows if (reason := self._missing(row, ids)) is not None}
        ready = [row for row in rows if row.key not in reasons]
        stored = await self.find(ready, session)
        fresh = {row.key: number_of(row) for row in ready if row.key not in stored}
        numbers = await self.numbers.assign(fresh, session)
        links = {link.field: link.label for link in self.model.links}
        drafts = [
            Draft(
                row,
                stored[row.key]["_id"] if row.key in stored else numbers[row.key],
                stored.get(row.key),
                ids,
                links,
            )
            for row in ready
        ]
        targets = await self.put(drafts, session) if drafts else {}
        memories = [self.base.mapping.remember(self.key, key, id=number) for key, number in targets.items()]
        memories += [self.base.mapping.leave_out(self.key, key) for key in reasons]
        if memories:
            await self.base.mapping.collection.bulk_write(memories, ordered=False, session=session)
        return reasons

    async def _resolve(self, rows: Sequence[Row], session: Session) -> Ids:
        wanted: dict[str, set[Key]] = {}
        for link in self.model.links:
            for row in rows:
                wanted.setdefault(link.label, set()).update(link.keys(row.fields))
        ids: dict[tuple[str, Key], int] = {}
        for label, keys in wanted.items():
            found = await resolve(self.base, label, keys, session, companies=self.companies) if keys else {}
            ids |= {(label, key): number for key, number in found.items()}
        return ids

    def _missing(self, row: Row, ids: Ids) -> str | None:
        """Say why a row has nothing to belong to."""
        for link in self.model.links:
            if not link.optional and not link.many and (link.label, row.fields[link.field]) not in ids:
                return NOBODY if link.label == models.PROFILE else ORPHANED
        return None

    async def find(self, rows: Sequence[Row], session: Session) -> dict[Key, Document]:
        """Find what earlier loads of the rows made."""
        entries = await self.base.mapping.entries(self.key, [row.key for row in rows], session)
        ids = [each.id for each in entries.values() if each.id is not None]
        found = self.rows.find({"_id": {"$in": ids}}, session=session)
        documents = {row["_id"]: row for row in await found.to_list(None)}
        return {key: documents[each.id] for key, each in entries.items() if each.id in documents}

    async def put(self, drafts: Sequence[Draft], session: Session) -> Mapping[Key, int]:
        """Store rows; return which numbers they have."""
        new, updates = [], []
        for draft, values in zip(drafts, await self.compose(drafts, session), strict=True):
            if draft.former is None:
                new.append(self.begin(draft, values))
            else:
                updates.append(UpdateOne({"_id": draft.number}, {"$set": values}))
        if new:
            await self.rows.insert_many(new, ordered=False, session=session)
        if updates:
            await self.rows.bulk_write(updates, ordered=False, session=session)
        return {draft.row.key: draft.number for draft in drafts}

    def begin(self, draft: Draft, values: Document) -> Document:
        """Make the document of a new row."""
        return {"_id": draft.number, **values}

    async def compose(self, drafts: Sequence[Draft], session: Session) -> Sequence[Document]:
        """Return what is stored of rows, besides their numbers."""
        return [self.describe(draft) for draft in drafts]

    def describe(self, draft: Draft) -> Document:
        """Return a row's fields and the numbers of what it names, by the names that they have here."""
        values = {STORED.get(name, name): draft.row.fields[name] for name in self.model.shape}
        for link in self.model.links:
            found = draft.ids_of(link.field) if link.many else draft.id_of(link.field)
            values[STORED.get(link.field, link.field)] = found
        return values


class SluggedRows(OwnRows):
    """The loader of rows with slugs; missing ones are made from the name.

    Each is one row's alone; where slugs may be `shared`, only those that are made.
    """

    named = "name"
    shared = False

    async def compose(self, drafts: Sequence[Draft], session: Session) -> Sequence[Document]:
        """Add the slugs."""
        described = [self.describe(draft) for draft in drafts]
        wanted = [self.wish(draft, values) for draft, values in zip(drafts, described, strict=True)]
        found = self.rows.find({"slug": {"$in": wanted}}, {"slug": 1}, session=session)
        holders = {row["slug"]: row["_id"] for row in await found.to_list(None)}
        for draft, values, slug in zip(drafts, described, wanted, strict=True):
            kept = self.shared and bool(values["slug"])
            values["slug"] = slug if kept else await self._reserve(slug, draft.number, holders, session)
        return described

    async def _reserve(self, wanted: str, number: int, holders: dict[str, int], session: Session) -> str:
        """Return the slug that is wanted, or the next one like it that nobody has."""
        slug = wanted
        while holders.setdefault(slug, number) != number:
            slug = f"{wanted}-{await self.base.counters.take(f'{self.collection} slug {wanted}', start=2)}"
            row = await self.rows.find_one({"slug": slug}, {"_id": 1}, session=session)
            if row is not None:
                holders[slug] = row["_id"]
        return slug

    def wish(self, draft: Draft, values: Document) -> str:
        """Return the slug that a row would have."""
        former = (draft.former or {}).get("slug")
        return values["slug"] or former or fold(values[self.named] or "") or self.collection


def number_of(row: Row) -> int:
    """Return the number that a row asks for, which its model has read as one."""
    assert isinstance(row.key, int)
    return row.key
