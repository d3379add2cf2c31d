"""What an event has come to: who paid, how much, who took part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from storage.database import Database, Index, index
from storage.driver import Document

CHANNELS, PAYMENTS, INTERACTIONS = "donor_channels", "payments", "interactions"


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers of an event; people whose account is gone count nowhere, their money does."""

    users_paid: int
    total_amount: int | float | None
    participants: int


class EventFigures:
    """Works the numbers out of channels, payments and interactions."""

    INDEXES: tuple[Index, ...] = (
        index(CHANNELS, "event", "user"),
        index(PAYMENTS, "channel"),
        index(INTERACTIONS, "event", "type", "user"),
    )

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, event: int, interaction_type: int | None) -> Figures:
        """Return the numbers of an event; without a type nobody took part."""
        users, amount = await self._channels(event)
        taken = {"event": event, "type": interaction_type, "user": {"$ne": None}}
        people = 0 if interaction_type is None else await self._count(INTERACTIONS, taken)
        return Figures(users, amount, people)

    async def _channels(self, event: int) -> tuple[int, int | float | None]:
        users = await self._count(CHANNELS, {"event": event, "user": {"$ne": None}})
        if not users and await self._database[CHANNELS].find_one({"event": event}, {"_id": 1}) is None:
            return 0, None
        paid: list[Document] = [
            {"$match": {"event": event}},
            {"$project": {"_id": 1}},
            {"$lookup": {"from": PAYMENTS, "localField": "_id", "foreignField": "channel", "as": "paid"}},
            {"$group": {"_id": None, "sum": {"$sum": {"$sum": "$paid.amount"}}}},
        ]
        return users, await self._single(CHANNELS, paid, "sum")

    async def _count(self, collection: str, query: Document) -> int:
        """Count the distinct users of some documents."""
        steps: list[Document] = [{"$match": query}, {"$group": {"_id": "$user"}}, {"$count": "n"}]
        return int(await self._single(collection, steps, "n"))

    async def _single(self, collection: str, steps: list[Document], name: str) -> Any:
        found = 0
        async for row in await self._database.aggregate(collection, steps):
            found = row[name]
        return found
