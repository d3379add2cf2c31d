"""What a row of a dump became: remembered, so that later rows, files and runs find it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from storage.database import Database, Index, index
from storage.driver import Collection as Rows
from storage.driver import Document, ObjectId, Session, UpdateOne
from storage.traces import Fate, Trace

PEOPLE = "users"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row that was loaded before: its account, the number of its address row, the id of its thing.

    An account that is gone since is None or points nowhere. `made` rows made their account, the others
    joined one. Rows that were `left_out` became nothing.
    """

    target: ObjectId | None
    email_id: int | None = None
    id: int | None = None
    made: bool = False
    left_out: bool = False

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        return cls(
            row.get("target"),
            row.get("email_id"),
            row.get("id"),
            row.get("made", False),
            row.get("left_out", False),
        )


@dataclass(frozen=True, slots=True)
class Person:
    """Who a reference stands for; None where the person was deleted since."""

    oid: ObjectId | None
    email_id: int | None = None


class ImportMap:
    """The collection `import_map`: (label, key) → account, and what else an `Entry` holds."""

    INDEXES: tuple[Index, ...] = (
        index("import_map", "label", "key", unique=True),
        index("import_map", "target"),
    )
    # The entry stays: what the person's row brought must not come back with a later load.
    TRACES = (Trace("import_map", "target", Fate.NULL),)

    def __init__(self, database: Database) -> None:
        self._entries = database["import_map"]
        self._users = database["users"]

    @property
    def collection(self) -> Rows:
        """Return where `remember`'s updates belong."""
        return self._entries

    async def entries(
        self, label: str, keys: Iterable[Any], session: Session | None = None
    ) -> dict[Any, Entry]:
        """Return what is remembered of rows, by their keys."""
        wanted = {"label": label, "key": {"$in": list(keys)}}
        rows = await self._entries.find(wanted, session=session).to_list(None)
        return {row["key"]: Entry.of(row) for row in rows}

    async def known(self, label: str, keys: Iterable[Any]) -> Collection[Any]:
        """Return which rows came with an earlier file, be it that they were left out."""
        return (await self.entries(label, keys)).keys()

    @staticmethod
    def remember(label: str, key: Any, **values: Any) -> UpdateOne:
        """Return the update that remembers a row."""
        change: Document = {"$set": values, "$unset": {"left_out": ""}} if values else {"$setOnInsert": {}}
        return UpdateOne({"label": label, "key": key}, change, upsert=True)

    @staticmethod
    def leave_out(label: str, key: Any) -> UpdateOne:
        """Return the update that remembers a row as one that became nothing."""
        change = {"$set": {"left_out": True, "target": None}, "$unset": {"id": ""}}
        return UpdateOne({"label": label, "key": key}, change, upsert=True)

    async def people(
        self, keys: Iterable[ObjectId], session: Session | None = None
    ) -> Mapping[ObjectId, Person]:
        """Resolve references of a dump to people; who was never heard of is left out."""
        wanted = set(keys)
        entries = await self.entries(PEOPLE, wanted, session)
        targets = {key: entries[key].target if key in entries else key for key in wanted}
        there = {"_id": {"$in": [each for each in targets.values() if each is not None]}}
        rows = await self._users.find(there, {"_id": 1}, session=session).to_list(None)
        found = {row["_id"] for row in rows}
        return {
            key: Person(target, entries[key].email_id if key in entries else None)
            if target in found
            else Person(None)
            for key, target in targets.items()
            if target in found or key in entries
        }

    async def hold(self, people: Iterable[ObjectId], session: Session) -> None:
        """Let the transaction collide with the deletion of people whom it writes about: see `presence`."""
        if held := list(set(people)):
            await self._users.update_many({"_id": {"$in": held}}, {"$inc": {"auth.held": 1}}, session=session)
