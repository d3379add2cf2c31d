"""Whom the ids of a PyBossa file stand for, and which of its projects everybody may see."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from storage.database import Database
from storage.driver import ObjectId, Session
from storage.imports.mapping import ImportMap
from storage.imports.pybossa_kinds import USER


@dataclass(frozen=True, slots=True)
class Contributor:
    """An account that a user of the file became."""

    oid: ObjectId
    id: int
    restrict: bool


class Crowd:
    """Looks users and projects up; what was found last stays `known` and `published`."""

    def __init__(self, database: Database, mapping: ImportMap) -> None:
        self._users = database["users"]
        self._projects = database["projects"]
        self._mapping = mapping
        self.known: Mapping[int | None, Contributor] = {}
        self.published: Collection[int] = ()

    async def find(self, sources: Collection[int], session: Session) -> Mapping[int, Contributor]:
        """Find accounts by the ids of the file; those that were deleted since are left out."""
        entries = await self._mapping.entries(USER, sources, session)
        targets = {key: entry.target for key, entry in entries.items()}
        there = {"_id": {"$in": list(targets.values())}, "pybossa": {"$exists": True}}
        rows = self._users.find(there, {"id": 1, "pybossa.restrict": 1}, session=session)
        people = {
            row["_id"]: Contributor(row["_id"], row["id"], row["pybossa"]["restrict"])
            for row in await rows.to_list(None)
        }
        found = {key: people[oid] for key, oid in targets.items() if oid is not None and oid in people}
        self.known = {**found}
        return found

    async def hold(self, people: Iterable[Contributor], session: Session) -> None:
        """Let the transaction collide with the deletion of people."""
        await self._mapping.hold([each.oid for each in people], session)

    async def mark(self, project_ids: Collection[int], session: Session) -> None:
        """Tell whoever counts the runs of projects that these change."""
        wanted = {"_id": {"$in": list(project_ids)}}
        await self._projects.update_many(wanted, {"$inc": {"pulse": 1}}, session=session)
        rows = self._projects.find({**wanted, "published": True}, {"_id": 1}, session=session)
        self.published = {row["_id"] for row in await rows.to_list(None)}
