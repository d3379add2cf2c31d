"""Loads rows that refer to others by key: what they belong to is found, the rest is up to each kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from storage.database import Database
from storage.driver import Document, ObjectId, Session
from storage.imports.ledger import Key, Ledger
from storage.imports.mapping import Entry, ImportMap
from storage.imports.models import Model, Row
from storage.imports.reading import GONE
from storage.imports.record import Outcome, Record
from storage.imports.rows import restarting
from storage.imports.sequences import Numbers

ORPHANED = "what it belongs to was left out"
Reasons = Mapping[Key, str]


@dataclass(frozen=True, slots=True)
class Bound:
    """A row, what is remembered of it, and what is remembered of the rows that it names, by field."""

    row: Row
    own: Entry | None
    links: Mapping[str, Entry] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """Return the row's key in its dump."""
        return self.row.key

    @property
    def fields(self) -> Document:
        """Return what the row says."""
        return self.row.fields

    @property
    def first(self) -> bool:
        """Tell whether the row was never taken before."""
        return self.own is None or self.own.left_out

    def id_of(self, name: str) -> int:
        """Return the id that the row named by a required field has here."""
        number = self.links[name].id
        assert number is not None
        return number

    def owner(self, name: str) -> ObjectId:
        """Return the account that the row named by a required field belongs to."""
        target = self.links[name].target
        assert target is not None
        return target


class LinkedRows(ABC):
    """The loader of a model's rows, of which each belongs to the row that its first link names.

    What is stored is the subclass's part. A row whose owner is missing is left out, and remembered so
    that rows which name it can be told from those that name nothing.
    """

    def __init__(
        self, database: Database, mapping: ImportMap, model: Model, numbers: Numbers | None = None
    ) -> None:
        self.label = model.label
        self.numbers = numbers
        self.database = database
        self.mapping = mapping
        self.model = model
        self.parent = model.links[0].field

    async def check(self, records: Sequence[Record], ledger: Ledger) -> Outcome:
        """Find rows of another shape, and note what they refer to."""
        rows = [self.model.read(record) for record in records]
        self.model.note(rows, ledger)
        self.look(rows, ledger)
        outcome = Outcome()
        outcome.take(self.label, len(rows))
        return outcome

    def look(self, rows: Sequence[Row], ledger: Ledger) -> None:
        """See which ids the rows will ask for, before any is written."""
        if self.numbers is not None:
            self.numbers.see(as_number(row.key) for row in rows)

    async def write(self, records: Sequence[Record]) -> Outcome:
        """Store a batch in one transaction; of rows with one key the last one counts."""
        rows = [self.model.read(record) for record in records]
        latest = list({row.key: row for row in rows}.values())

        async def work(session: Session) -> Reasons:
            return await self._sort(await self._bind(latest, session), session)

        reasons: Reasons = await restarting(self.database, work)
        outcome = Outcome()
        for key, count in Counter(row.key for row in rows).items():
            if key in reasons:
                outcome.skip(self.label, reasons[key], count)
            else:
                outcome.take(self.label, count)
        return outcome

    async def finish(self) -> None:  # noqa: B027  few loaders have more to say
        """Nothing is derived from the rows."""

    async def _bind(self, rows: Sequence[Row], session: Session) -> list[Bound]:
        own = await self.mapping.entries(self.label, [row.key for row in rows], session)
        found: dict[str, Mapping[Key, Entry]] = {}
        for link in self.model.links:
            if not link.many:
                keys = {key for row in rows for key in link.keys(row.fields)}
                found[link.field] = await self.mapping.entries(link.label, keys, session) if keys else {}
        return [
            Bound(
                row,
                own.get(row.key),
                {
                    name: entries[row.fields[name]]
                    for name, entries in found.items()
                    if row.fields[name] in entries
                },
            )
            for row in rows
        ]

    async def _sort(self, bound: Sequence[Bound], session: Session) -> Reasons:
        reasons = {each.key: reason for each in bound if (reason := self._missing(each)) is not None}
        ready = [each for each in bound if each.key not in reasons]
        await self.mapping.hold({each.owner(self.parent) for each in ready}, session)
        if ready:
            reasons |= await self.store(ready, session)
        # Of a row that was taken once, that must not be forgotten: its credentials count no second time.
        new = [each.key for each in bound if each.own is None and each.key in reasons]
        if new:
            left = [self.mapping.leave_out(self.label, key) for key in new]
            await self.mapping.collection.bulk_write(left, ordered=False, session=session)
        return reasons

    def _missing(self, bound: Bound) -> str | None:
        """Say why a row has nothing to belong to."""
        parent = bound.links.get(self.parent)
        if parent is None or parent.left_out:
            return ORPHANED
        return GONE if parent.target is None else None

    @abstractmethod
    async def store(self, bound: Sequence[Bound], session: Session) -> Reasons:
        """Store rows and remember what became of them; return which are left out, and why."""

    async def remember(self, made: Mapping[Key, Document], session: Session) -> None:
        """Remember rows that were stored: `target` and more of what an Entry holds."""
        if made:
            memories = [self.mapping.remember(self.label, key, **values) for key, values in made.items()]
            await self.mapping.collection.bulk_write(memories, ordered=False, session=session)


def as_number(key: Key) -> int | None:
    """Return the id that a row asks for."""
    return key if isinstance(key, int) else None


def own_id(bound: Bound, name: str, owner: ObjectId) -> int | None:
    """Return the id of what a row names, None for what isn't the same owner's: they could not see it."""
    entry = bound.links.get(name)
    return entry.id if entry is not None and entry.target == owner else None
