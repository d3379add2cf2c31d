"""Questions that one process puts to all others, their answers, and which processes are alive."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from storage.database import Database, Index, index

KEEP = 60  # seconds until a question and its answers are cleared away
AUDIENCE = "audience"  # the usual kind of question
ALIVE_MS = 5_000  # a process that gave no sign for so long is gone


@dataclass(frozen=True, slots=True)
class Question:
    """Who listens to a channel? `named` wants the clients themselves, not just their number.

    Of another `kind` than AUDIENCE it is about a whole process: see `handlers.core.roll_call`.
    """

    id: str
    node: str
    channel: str
    named: bool
    kind: str = AUDIENCE

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Question:
        """Read the stored form."""
        return cls(row["_id"], row["node"], row["channel"], row["named"], row.get("kind", AUDIENCE))


@dataclass(frozen=True, slots=True)
class Reply:
    """What one process answers: how many clients of which users, and the users by client.

    `facts` answer questions of other kinds.
    """

    question: str
    node: str
    size: int
    users: Sequence[str]
    clients: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Reply:
        """Read the stored form."""
        return cls(
            row["question"],
            row["node"],
            row["size"],
            row["users"],
            dict(row["clients"]),
            row.get("facts") or {},
        )


class RollCalls:
    """Rows of `roll_calls` (a reply names its `question`) and of `nodes`, a sign of life of each process.

    Signs are dated and compared by the database's clock alone.
    """

    COLLECTION = "roll_calls"
    INDEXES: tuple[Index, ...] = (
        index(COLLECTION, "expires", expire_after=0),
        index("nodes", "seen", expire_after=KEEP),
    )

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._rows = database[self.COLLECTION]
        self._nodes = database.light("nodes")
        self._clock = clock

    async def beat(self, node: str) -> None:
        """Give a sign of life."""
        await self._nodes.update_one({"_id": node}, {"$currentDate": {"seen": True}}, upsert=True)

    async def leave(self, node: str) -> None:
        """Say that a process is about to end."""
        await self._nodes.delete_one({"_id": node})

    async def others(self, node: str) -> frozenset[str]:
        """Return the other processes that are alive."""
        recent = {"$gt": ["$seen", {"$subtract": ["$$NOW", ALIVE_MS]}]}
        rows = await self._nodes.find({"_id": {"$ne": node}, "$expr": recent}).to_list(None)
        return frozenset(row["_id"] for row in rows)

    async def ask(self, question: Question) -> None:
        """Put a question."""
        await self._rows.insert_one(
            {
                "_id": question.id,
                "node": question.node,
                "channel": question.channel,
                "named": question.named,
                "kind": question.kind,
                "expires": self._expiry(),
            }
        )

    async def reply(self, replies: Sequence[Reply]) -> None:
        """Answer questions."""
        await self._rows.insert_many(
            [
                {
                    "question": each.question,
                    "node": each.node,
                    "size": each.size,
                    "users": list(each.users),
                    "clients": list(each.clients.items()),
                    "facts": dict(each.facts),
                    "expires": self._expiry(),
                }
                for each in replies
            ]
        )

    def _expiry(self) -> datetime:
        return datetime.fromtimestamp(self._clock() + KEEP, UTC)
