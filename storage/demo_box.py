"""What a demo would have sent: mails and text messages, kept for a while and shown in its box."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Self

from storage.database import Database, Index, index
from storage.errors import NotFound

COLLECTION = "demo_box"
KEPT = 200  # messages
KEEP = 86_400  # seconds
NEWEST_FIRST = [("sent", -1), ("_id", -1)]
HEAD = dict.fromkeys(("kind", "to", "subject", "sent"), 1)

Kind = Literal["mail", "sms"]


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message in the box; `sent` is in Unix seconds. What a list shows has no text and no page."""

    number: str
    kind: Kind
    to: str
    sent: float
    subject: str = ""
    text: str = field(default="", repr=False)
    html: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        return cls(
            row["_id"],
            row["kind"],
            row["to"],
            row["sent"],
            row["subject"],
            row.get("text", ""),
            row.get("html"),
        )


class DemoBox:
    """Rows of `demo_box`: never more than the newest two hundred, none for longer than a day."""

    INDEXES: tuple[Index, ...] = (
        index(COLLECTION, "-sent", "-_id"),
        index(COLLECTION, "expires", expire_after=0),
    )

    def __init__(
        self, database: Database, *, clock: Callable[[], float] = time.time, kept: int = KEPT
    ) -> None:
        self._rows = database[COLLECTION]
        self._clock = clock
        self._kept = kept

    async def put(self, parcel: Parcel) -> None:
        """Keep a message; the same one again changes nothing, since a queue may deliver it twice."""
        row = {
            "kind": parcel.kind,
            "to": parcel.to,
            "sent": parcel.sent,
            "subject": parcel.subject,
            "text": parcel.text,
            "html": parcel.html,
            "expires": datetime.fromtimestamp(self._clock() + KEEP, UTC),
        }
        await self._rows.update_one({"_id": parcel.number}, {"$setOnInsert": row}, upsert=True)
        old = await self._rows.find({}, {"_id": 1}).sort(NEWEST_FIRST).skip(self._kept).to_list(None)
        if old:
            await self._rows.delete_many({"_id": {"$in": [each["_id"] for each in old]}})

    async def newest(self) -> list[Parcel]:
        """List the messages, the newest first, without what they say."""
        return [Parcel.of(row) async for row in self._rows.find({}, HEAD).sort(NEWEST_FIRST)]

    async def find(self, number: str) -> Parcel:
        """Return one message with what it says; raises NotFound."""
        row = await self._rows.find_one({"_id": number})
        if row is None:
            raise NotFound(COLLECTION)
        return Parcel.of(row)

    async def clear(self) -> None:
        """Throw everything away."""
        await self._rows.delete_many({})
