"""Whether events count the people who take part in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping

from storage.database import Database
from storage.driver import Document, Session
from storage.findings import Check, Finding, snapshot
from storage.klub.attendance import CANCELLATIONS, COUNTED
from storage.klub.interaction import INTERACTIONS
from storage.klub.interaction_types import CATEGORIES, EVENTS, REGISTRATION, TYPES

NUMBERS = (*COUNTED.values(), "cancelled")


class KlubIntegrity:
    """The checks by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def checks(self) -> Mapping[str, Check]:
        """Return every check."""
        return {"attendance": self.check_attendance}

    async def check_attendance(self) -> AsyncIterator[Finding]:
        """Find events whose counts are not what interactions and cancellations come to."""
        async with snapshot(self._database) as session:
            counted = await self._count(session)
            async for row in self._database["events"].find({}, dict.fromkeys(NUMBERS, 1), session=session):
                for name in NUMBERS:
                    said, number = row.get(name) or 0, counted[row["_id"], name]
                    if said != number:
                        yield Finding(
                            "attendance", f"event {row['_id']}", f"{name} is {said}, there are {number}"
                        )

    async def _count(self, session: Session) -> Counter[tuple[int, str]]:
        """Count distinct people by event and number."""
        category = await self._database[CATEGORIES].find_one({"slug": EVENTS}, session=session)
        query = {"category": (category or {}).get("_id"), "slug": {"$in": list(COUNTED)}}
        types = {row["_id"]: row["slug"] async for row in self._database[TYPES].find(query, session=session)}
        counted: Counter[tuple[int, str]] = Counter()
        there = {"type": {"$in": list(types)}, "event": {"$ne": None}, "user": {"$ne": None}}
        people: list[Document] = [
            {"$match": there},
            {"$group": {"_id": {"event": "$event", "type": "$type", "user": "$user"}}},
            {"$group": {"_id": {"event": "$_id.event", "type": "$_id.type"}, "n": {"$sum": 1}}},
        ]
        async for row in await self._database.aggregate(INTERACTIONS, people, session):
            counted[row["_id"]["event"], COUNTED[types[row["_id"]["type"]]]] = row["n"]
        registering = next((number for number, slug in types.items() if slug == REGISTRATION), None)
        async for row in await self._database.aggregate(CANCELLATIONS, cancelled(registering), session):
            counted[row["_id"], "cancelled"] = row["n"]
        return counted


def cancelled(registering: int | None) -> list[Document]:
    """Return the steps that count by event who cancelled and has no registration now."""
    same = {"$and": [{"$eq": ["$event", "$$event"]}, {"$eq": ["$user", "$$user"]}]}
    own: Document = {
        "from": INTERACTIONS,
        "let": {"event": "$event", "user": "$user"},
        "pipeline": [{"$match": {"type": registering, "$expr": same}}, {"$limit": 1}],
        "as": "own",
    }
    return [
        {"$lookup": own},
        {"$match": {"own": []}},
        {"$group": {"_id": "$event", "n": {"$sum": 1}}},
    ]
