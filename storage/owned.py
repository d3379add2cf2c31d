"""Things that belong to accounts: one collection of each kind, every look-up bound to its owner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, Protocol, Self, TypeVar

from storage.counters import Counters
from storage.database import Database, Index, index
from storage.driver import Document, ObjectId, ReturnDocument, Session
from storage.errors import NotFound
from storage.presence import hold


class Row(Protocol):
    """The typed form of a stored thing."""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""


R = TypeVar("R", bound=Row)


class Shelf(Generic[R]):
    """The things of one kind. What belongs to somebody else is as good as missing: NotFound.

    Each document has its own `id`, its owner's `user_id`, and its parent's id where it has a parent.
    """

    def __init__(
        self, database: Database, counters: Counters, collection: str, kind: type[R], parent: str | None
    ) -> None:
        self._database = database
        self._rows = database[collection]
        self._users = database["users"]
        self._counters = counters
        self._collection = collection
        self._kind = kind
        self._parent = parent

    @staticmethod
    def indexes(collection: str, parent: str | None, *, only_one: bool = False) -> tuple[Index, ...]:
        """Return what the look-ups need; `only_one` allows an owner a single thing of the kind."""
        by_id = index(collection, "id", unique=True)
        if parent is None:
            return (by_id, index(collection, "user_id", unique=only_one))
        # Lists go by owner and parent, in the order of ids; deleting a person goes by owner alone.
        return (by_id, index(collection, "user_id", parent, "id"))

    async def find(self, owner: ObjectId, number: int) -> R:
        """Find one by its id."""
        return self._read(await self._rows.find_one({"id": number, "user_id": owner}))

    async def within(self, owner: ObjectId, *parents: int) -> Sequence[R]:
        """List those inside any of the parents, by ascending id."""
        assert self._parent is not None
        if not parents:
            return []
        return await self._list({self._parent: {"$in": list(parents)}, "user_id": owner})

    async def among(self, owner: ObjectId, numbers: Sequence[int]) -> Sequence[R]:
        """List those with one of the ids; unknown ids are left out."""
        return await self._list({"id": {"$in": list(numbers)}, "user_id": owner}) if numbers else []

    async def _list(self, query: Document) -> Sequence[R]:
        rows = await self._rows.find(query).sort("id", 1).to_list(None)
        return [self._kind.of(row) for row in rows]

    async def number(self) -> int:
        """Take the id of a new one, outside any transaction."""
        return await self._counters.take(self._collection)

    async def add(
        self,
        owner: ObjectId,
        fields: Mapping[str, Any],
        *,
        parent: int | None = None,
        number: int | None = None,
        session: Session | None = None,
    ) -> R:
        """Store a new one, unless its owner is being deleted; a unique index may raise DuplicateKeyError.

        Raises Departed.
        """
        document: Document = {"id": number or await self.number(), "user_id": owner, **fields}
        if self._parent is not None:
            document[self._parent] = parent

        async def work(session: Session) -> None:
            await hold(self._users, owner, session)
            await self._rows.insert_one(document, session=session)

        await (self._database.transaction(work) if session is None else work(session))
        return self._kind.of(document)

    async def change(
        self, owner: ObjectId, number: int, fields: Mapping[str, Any], session: Session | None = None
    ) -> R:
        """Set fields (dotted names reach inside) and return the result; nothing to set is no write."""
        if not fields:
            return await self.find(owner, number)
        row = await self._rows.find_one_and_update(
            {"id": number, "user_id": owner},
            {"$set": dict(fields)},
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        return self._read(row)

    async def remove(self, owner: ObjectId, number: int) -> None:
        """Delete one."""
        if not (await self._rows.delete_one({"id": number, "user_id": owner})).deleted_count:
            raise NotFound(self._collection)

    def _read(self, row: Mapping[str, Any] | None) -> R:
        if row is None:
            raise NotFound(self._collection)
        return self._kind.of(row)
