"""Reads rows of a kind: fields fitted to a shape, references turned into the accounts they stand for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from storage.database import Database
from storage.driver import Document, ObjectId, Session
from storage.imports.mapping import ImportMap, Person
from storage.imports.record import BadRecord, Outcome, Record, blame
from storage.imports.shapes import Shape, fit

GONE = "the person was deleted here"
SECRETLESS = "nobody has this secret (any more)"


@dataclass(frozen=True, slots=True)
class Kind:
    """What rows of a collection are like.

    `keys` are unique besides the `_id`. `people` names fields that hold references; a row whose person
    is gone is left out, but for the fields in `nullable`. `once` rows carry credentials. `secret` names
    the field that holds a person's secret, `numbered` one that a sequence of ours has to stay above.
    `addressed` rows belong to one address of the person.
    """

    name: str
    shape: Shape
    keys: tuple[tuple[str, ...], ...] = ()
    people: tuple[str, ...] = ()
    nullable: frozenset[str] = frozenset()
    secret: str | None = None
    numbered: str | None = None
    once: bool = False
    addressed: bool = False


@dataclass(slots=True)
class Reading:
    """Rows to be stored, the people whom they name, and what became of the others."""

    rows: list[Document] = field(default_factory=list)
    people: set[ObjectId] = field(default_factory=set)
    outcome: Outcome = field(default_factory=Outcome)


class Reader:
    """Reads the rows of one kind."""

    def __init__(self, database: Database, mapping: ImportMap, kind: Kind) -> None:
        self._users = database["users"]
        self._mapping = mapping
        self._kind = kind

    async def read(
        self, records: Sequence[Record], session: Session | None = None, *, strict: bool = False
    ) -> Reading:
        """Read rows; raises BadRecord, for a reference to nobody only when `strict`."""
        fitted = [(record, self.fit(record)) for record in records]
        wanted = {oid for _, row in fitted for oid in references(row, self._kind.people)}
        people = await self._mapping.people(wanted, session) if wanted else {}
        secrets = await self._find_secrets([row for _, row in fitted], session)
        reading = Reading()
        for record, row in fitted:
            if strict:
                self._demand(record, row, people)
            reason = self._resolve(row, people, secrets)
            if reason is None:
                reading.rows.append(row)
                reading.people.update(references(row, self._kind.people))
                reading.outcome.take(self._kind.name)
            else:
                reading.outcome.skip(self._kind.name, reason)
        return reading

    def fit(self, record: Record) -> Document:
        """Return the row in its shape; raises BadRecord."""
        with blame(record):
            return fit(record.row, self._kind.shape)

    def _demand(self, record: Record, row: Document, people: Mapping[ObjectId, Person]) -> None:
        for name in self._kind.people:
            for oid in references(row, (name,)):
                if oid not in people:
                    raise BadRecord(record.place, f"{name}: there is no user {oid}")

    def _resolve(
        self, row: Document, people: Mapping[ObjectId, Person], secrets: frozenset[str]
    ) -> str | None:
        """Put accounts in the place of references; return why the row has to be left out, or None."""
        if self._kind.secret is not None and row[self._kind.secret] not in secrets:
            return SECRETLESS
        for name in self._kind.people:
            found = [people.get(oid, Person(None)) for oid in references(row, (name,))]
            there = [person.oid for person in found if person.oid is not None]
            if isinstance(row[name], list):
                row[name] = there
            elif row[name] is not None:
                if not there and name not in self._kind.nullable:
                    return GONE
                row[name] = there[0] if there else None
                if self._kind.addressed and found[0].email_id is not None:
                    row["email_id"] = found[0].email_id
        return None

    async def _find_secrets(self, rows: Sequence[Document], session: Session | None) -> frozenset[str]:
        if self._kind.secret is None:
            return frozenset()
        there = {"s": {"$in": [row[self._kind.secret] for row in rows]}}
        found = await self._users.find(there, {"s": 1}, session=session).to_list(None)
        return frozenset(row["s"] for row in found)


def references(row: Mapping[str, Any], fields: Sequence[str]) -> Iterator[ObjectId]:
    """Yield the references in some fields; each holds one, none or a list."""
    for name in fields:
        value = row[name]
        if isinstance(value, list):
            yield from value
        elif value is not None:
            yield value
