"""Loads the contents of Know Me's items: each is a part of its item's document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from storage.database import Database, Index, index
from storage.driver import Document, Session, UpdateOne
from storage.imports.linked import Bound, LinkedRows, Reasons, as_number, own_id
from storage.imports.mapping import ImportMap
from storage.imports.models import Model
from storage.imports.sequences import Numbers

IMAGE, LIST = "image_content", "list_content"
FULL = "its item has another content"
# Only imports look contents up by their ids.
INDEXES: tuple[Index, ...] = tuple(
    index("km_items", f"{part}.id", partial={f"{part}.id": {"$exists": True}}) for part in (IMAGE, LIST)
)


@dataclass(frozen=True, slots=True)
class Part:
    """The part of an item that a model's rows become, and the sequence that numbers them."""

    model: Model
    name: str
    sequence: str


class Contents(LinkedRows):
    """The loader of one part of items. What it remembers of a row is the id of its item."""

    def __init__(self, database: Database, mapping: ImportMap, part: Part) -> None:
        self._ids = Numbers(database, "km_items", field=f"{part.name}.id", sequence=part.sequence)
        super().__init__(database, mapping, part.model, self._ids)
        self._part = part
        self._items = database["km_items"]

    async def store(self, bound: Sequence[Bound], session: Session) -> Reasons:
        """Fill items that have no content yet, and overwrite what the same rows made."""
        ids = [each.id_of(self.parent) for each in bound]
        found = await self._items.find({"id": {"$in": ids}}, session=session).to_list(None)
        items = {row["id"]: row for row in found}
        ready, reasons = [], {}
        for each in bound:
            item = items.get(each.id_of(self.parent))
            if item is not None and self._fits(each, item):
                ready.append((each, item))
                del items[item["id"]]  # another row of this batch comes too late
            else:
                reasons[each.key] = FULL
        await self._fill(ready, session)
        return reasons

    def _fits(self, bound: Bound, item: Document) -> bool:
        present = [name for name in (IMAGE, LIST) if item.get(name) is not None]
        own = bound.own is not None and bound.own.id == item["id"]
        return not present or (own and present == [self._part.name])

    async def _fill(self, ready: Sequence[tuple[Bound, Document]], session: Session) -> None:
        if not ready:
            return
        new = {each.key: as_number(each.key) for each, item in ready if not item.get(self._part.name)}
        numbers = await self._ids.assign(new, session)
        updates = []
        for each, item in ready:
            number = numbers.get(each.key) or item[self._part.name]["id"]
            content = {"id": number, **self._compose(each)}
            updates.append(UpdateOne({"_id": item["_id"]}, {"$set": {self._part.name: content}}))
        await self._items.bulk_write(updates, ordered=False, session=session)
        made = {each.key: {"target": item["user_id"], "id": item["id"]} for each, item in ready}
        await self.remember(made, session)

    def _compose(self, bound: Bound) -> Document:
        owner = bound.owner(self.parent)
        content = {name: bound.fields[name] for name in self.model.shape}
        for link in self.model.links[1:]:
            number = own_id(bound, link.field, owner)
            content |= {} if number is None else {link.field: number}
        return content
