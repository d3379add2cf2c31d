"""Donations: what the books keep, and what everybody may know of it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Literal

from storage.database import Database, Index, index
from storage.driver import Document

Order = Literal["ts", "_id"]
ANONYMOUS = {"_id": 0, "ts": 1, "amount": 1, "branch": 1, "date": 1}


class Donations:
    """The collection `donations`; times (`ts`) are Unix seconds, `date` is kept as it was written."""

    INDEXES: tuple[Index, ...] = (
        index("donations", "id", unique=True, partial={"id": {"$exists": True}}),
        index("donations", "ts"),
        index("donations", "amount"),
    )

    def __init__(self, database: Database) -> None:
        self._rows = database["donations"]

    async def anonymous(self) -> list[Document]:
        """Return all donations without whose they are, newest first."""
        rows = await self._rows.find({}, ANONYMOUS).sort("ts", -1).to_list(None)
        return [
            {
                "ts": int(row.get("ts") or 0),
                "amount": row.get("amount") or 0,
                "branch": str(row.get("branch") or ""),
                "date": str(row.get("date") or ""),
            }
            for row in rows
        ]

    async def add(self, donation: Mapping[str, Any]) -> str:
        """Store a donation and return its id."""
        number = secrets.token_hex(6)
        await self._rows.insert_one({**donation, "id": number})
        return number

    async def page(
        self, number: int, limit: int, order: Order, amount: float | None = None
    ) -> tuple[list[Document], int]:
        """Return a page, counted from 0, newest first, and how many donations there are in all."""
        query = {} if amount is None else {"amount": amount}
        rows = self._rows.find(query, {"_id": 0}).sort(order, -1).skip(number * limit).limit(limit)
        return await rows.to_list(None), await self._rows.count_documents(query)
