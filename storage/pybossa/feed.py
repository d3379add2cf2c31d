"""The newest events of the community: stored, trimmed and published in the transaction that causes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from storage.database import Database, Index, index
from storage.driver import Document, ObjectId, Session
from storage.outbox import Outbox
from storage.traces import Trace

KEPT = 100  # entries
CHANNEL = "feed:updates"
NEWEST_FIRST = [("updated", -1), ("_id", -1)]


@dataclass(frozen=True, slots=True)
class News:
    """Something that happened at `updated` (Unix seconds); `entry` is all that is shown of it.

    `user_id` and `about` (its document's `_id`) name the person in it, `project_id` the project.
    """

    kind: str
    updated: float
    entry: Mapping[str, Any]
    user_id: int | None = None
    about: ObjectId | None = None
    project_id: int | None = None

    def row(self) -> Document:
        """Return the stored form."""
        shown = {"action_updated": self.kind, **self.entry, "updated": float(self.updated)}
        return {
            "_id": ObjectId(),
            "updated": float(self.updated),
            "user_id": self.user_id,
            "project_id": self.project_id,
            "entry": shown,
        }


class Feed:
    """Rows of `update_feed`: never more than the newest hundred."""

    INDEXES: tuple[Index, ...] = (
        index("update_feed", "-updated", "-_id"),
        index("update_feed", "user_id"),
        index("update_feed", "project_id"),
    )
    TRACES = (Trace("update_feed", "user_id", by="id"),)

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._rows = database["update_feed"]
        self._outbox = outbox

    async def newest(self, size: int = KEPT) -> list[Document]:
        """Read the newest entries, newest first."""
        rows = await self._rows.find({}, {"entry": 1}).sort(NEWEST_FIRST).limit(size).to_list(None)
        return [row["entry"] for row in rows]

    async def add(self, news: Sequence[News], session: Session) -> None:
        """Add entries and publish those that belong to the newest, oldest first.

        Best the last step of the caller's transaction, which has to hold the people in them.
        """
        if not news:
            return
        about = {row["_id"]: (row, each) for each in news for row in [each.row()]}
        await self._rows.insert_many([row for row, _ in about.values()], session=session)
        stale = self._rows.find({}, {"_id": 1}, session=session).sort(NEWEST_FIRST).skip(KEPT)
        gone = [row["_id"] for row in await stale.to_list(None)]
        if gone:
            await self._rows.delete_many({"_id": {"$in": gone}}, session=session)
        kept = [pair for _id, pair in about.items() if _id not in set(gone)]
        for row, each in sorted(kept, key=lambda pair: (pair[0]["updated"], pair[0]["_id"])):
            await self._outbox.add(CHANNEL, row["entry"], session, about=each.about)

    async def forget_person(self, user_id: int, oid: ObjectId, session: Session) -> None:
        """Take back what is said about a person, in the history of the channel too."""
        await self._rows.delete_many({"user_id": user_id}, session=session)
        await self._outbox.redact(oid, session, CHANNEL)

    async def forget_project(self, project_id: int, session: Session) -> None:
        """Remove the entries of a project."""
        await self._rows.delete_many({"project_id": project_id}, session=session)
