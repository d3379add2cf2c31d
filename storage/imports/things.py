"""Loads the things that belong to accounts: each row becomes a document of its kind, under its owner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from storage.database import Database
from storage.driver import Document, ObjectId, Session, UpdateOne
from storage.imports.ledger import Key
from storage.imports.linked import Bound, LinkedRows, Reasons, as_number, own_id
from storage.imports.mapping import ImportMap
from storage.imports.models import Model
from storage.imports.sequences import Numbers

SECOND = "the account has one already"


@dataclass(frozen=True, slots=True)
class Kind:
    """Where the rows of a model are stored.

    The model's first link names the owner's row; its id is stored as `parent`, if that has a name.
    Further links are stored under their own names. `blank` is what a new document has besides.
    """

    model: Model
    collection: str
    parent: str | None = None
    blank: Mapping[str, Any] = field(default_factory=dict)


class Things(LinkedRows):
    """The loader of a kind of things."""

    def __init__(self, database: Database, mapping: ImportMap, kind: Kind) -> None:
        self.ids = Numbers(database, kind.collection)
        super().__init__(database, mapping, kind.model, self.ids)
        self.kind = kind
        self.rows = database[kind.collection]

    async def store(self, bound: Sequence[Bound], session: Session) -> Reasons:
        """Store new things, and overwrite the fields of those that the same rows made."""
        stored = await self._find(bound, session)
        new = {each.key: as_number(each.key) for each in bound if each.key not in stored}
        numbers = await self.ids.assign(new, session)
        documents, updates, memories = [], [], {}
        for each in bound:
            owner, former = each.owner(self.parent), stored.get(each.key)
            values = await self.compose(each, former, session)
            if former is None:
                number = numbers[each.key]
                identity = {"id": number, "user_id": owner}
                documents.append({**identity, **self.kind.blank, **values})
            else:
                number = former["id"]
                updates.append(UpdateOne({"_id": former["_id"]}, {"$set": values}))
            memories[each.key] = {"target": owner, "id": number}
        if documents:
            await self.rows.insert_many(documents, session=session)
        if updates:
            await self.rows.bulk_write(updates, ordered=False, session=session)
        await self.remember(memories, session)
        return {}

    async def _find(self, bound: Sequence[Bound], session: Session) -> dict[Key, Document]:
        """Find what the rows made earlier, where it is still their owner's."""
        ids = [each.own.id for each in bound if each.own is not None and each.own.id is not None]
        found = self.rows.find({"id": {"$in": ids}}, session=session)
        by_id = {(row["id"], row["user_id"]): row for row in await found.to_list(None)}
        places = {each.key: (each.own.id, each.owner(self.parent)) for each in bound if each.own is not None}
        return {key: by_id[place] for key, place in places.items() if place in by_id}

    async def compose(self, bound: Bound, former: Document | None, session: Session) -> Document:
        """Return what is stored of a row, besides its identity."""
        owner = bound.owner(self.parent)
        links = {link.field for link in self.model.links}
        values = {name: value for name, value in bound.fields.items() if name not in links}
        for name in links - {self.parent}:
            values[name] = own_id(bound, name, owner)
        if self.kind.parent is not None:
            values[self.kind.parent] = bound.id_of(self.parent)
        return values


class Seats(Things):
    """The loader of things of which an account has one."""

    async def store(self, bound: Sequence[Bound], session: Session) -> Reasons:
        """Store the rows of accounts that have none, and those that made what is there."""
        owners = {each.owner(self.parent) for each in bound}
        found = self.rows.find({"user_id": {"$in": list(owners)}}, {"user_id": 1, "id": 1}, session=session)
        taken: dict[ObjectId, int | None] = {row["user_id"]: row["id"] for row in await found.to_list(None)}
        ready, reasons = [], {}
        for each in bound:
            owner = each.owner(self.parent)
            if owner not in taken:
                taken[owner] = None  # a number that no other row has
            elif each.own is None or each.own.id is None or each.own.id != taken[owner]:
                reasons[each.key] = SECOND
                continue
            ready.append(each)
        return {**reasons, **await super().store(ready, session)}
