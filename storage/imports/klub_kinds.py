"""Loads types of interactions and their categories; of those that are here already there is no second one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from storage.driver import Collection, Document, Session
from storage.imports import klub_models as models
from storage.imports.klub_rows import Base, Draft, OwnRows, number_of, resolve
from storage.imports.ledger import Key
from storage.imports.models import Model, Row


class SeededRows(OwnRows):
    """The loader of rows some of which are here already, under slugs.

    Those move to the numbers of their rows; what was made here under a number of the dump makes room.
    """

    reference = ""  # the field of other documents that names such a row

    def __init__(self, base: Base, model: Model, collection: str, references: Collection) -> None:
        super().__init__(base, model, collection)
        self._references = references
        self._moved: dict[int, int] = {}

    @abstractmethod
    async def identify(self, row: Row, session: Session) -> Document:
        """Return the query for the document that would be the same as a row."""

    def slug_of(self, row: Row) -> str:
        """Return a row's slug, made where it is missing."""
        return row.fields["slug"] or f"{self.reference}-{row.key}"

    def describe(self, draft: Draft) -> Document:
        """Add a missing slug."""
        return {**super().describe(draft), "slug": self.slug_of(draft.row)}

    async def find(self, rows: Sequence[Row], session: Session) -> dict[Key, Document]:
        """Find what the rows made, and what is the same as one of them."""
        stored = await super().find(rows, session)
        for row in rows:
            if row.key in stored:
                continue
            same = await self.rows.find_one(await self.identify(row, session), session=session)
            await self._make_room(row, same, session)
            if same is not None:
                stored[row.key] = await self._move(same, number_of(row), session)
        return stored

    async def _make_room(self, row: Row, same: Document | None, session: Session) -> None:
        """Move what was made here under the number of a row."""
        number = number_of(row)
        there = await self.rows.find_one({"_id": number}, session=session)
        if there is None or (same is not None and same["_id"] == number):
            return
        imported = {"label": self.key, "id": number}
        if await self.base.mapping.collection.find_one(imported, {"_id": 1}, session=session) is None:
            fresh = await self.numbers.assign({number: None}, session)
            await self._move(there, fresh[number], session)

    async def _move(self, former: Document, number: int, session: Session) -> Document:
        """Give a document another number, if that is free; return it as it is then."""
        if former["_id"] == number:
            return former
        if await self.rows.find_one({"_id": number}, {"_id": 1}, session=session) is not None:
            return former
        moved = {**former, "_id": number}
        await self.rows.delete_one({"_id": former["_id"]}, session=session)
        await self.rows.insert_one(moved, session=session)
        self._moved[former["_id"]] = number
        change = {"$set": {self.reference: number}}
        await self._references.update_many({self.reference: former["_id"]}, change, session=session)
        imported = {"label": self.key, "id": former["_id"]}
        await self.base.mapping.collection.update_many(imported, {"$set": {"id": number}}, session=session)
        return moved


class CategoryRows(SeededRows):
    """The loader of categories."""

    reference = "category"

    def __init__(self, base: Base) -> None:
        types = base.database["interaction_types"]
        super().__init__(base, models.CATEGORIES, "interaction_categories", types)

    async def identify(self, row: Row, session: Session) -> Document:
        """Look for the slug."""
        return {"slug": self.slug_of(row)}


class KindRows(SeededRows):
    """The loader of types of interactions."""

    reference = "type"

    def __init__(self, base: Base) -> None:
        super().__init__(base, models.KINDS, "interaction_types", base.database["interactions"])

    async def identify(self, row: Row, session: Session) -> Document:
        """Look for the slug within the category."""
        key = row.fields["category"]
        categories = await resolve(self.base, models.CATEGORY, [key], session)
        return {"slug": self.slug_of(row), "category": categories[key]}
