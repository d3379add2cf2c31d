"""Members' profiles for the app: one document a member and type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from storage.database import Database, Index, index
from storage.driver import Document, ObjectId, Session
from storage.presence import hold
from storage.traces import Trace


class Profiles:
    """The collection `profiles`: `user_id`, `profile_type`, `profile_doc` {field: {value, otherDetails?}}."""

    INDEXES: tuple[Index, ...] = (index("profiles", "user_id", "profile_type", unique=True),)
    TRACES = (Trace("profiles", "user_id"),)

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows = database["profiles"]
        self._users = database["users"]

    async def read(self, member: ObjectId, kind: str, session: Session | None = None) -> Document:
        """Return what a member has filled in."""
        row = await self._rows.find_one({"user_id": member, "profile_type": kind}, session=session)
        filled: Document = row["profile_doc"] if row is not None else {}
        return filled

    async def fill_in(self, member: ObjectId, kind: str, answers: Mapping[str, Any]) -> Document:
        """Set some fields and return all that are filled in; raises Departed."""

        async def work(session: Session) -> Document:
            await hold(self._users, member, session)
            if answers:
                await self._rows.update_one(
                    {"user_id": member, "profile_type": kind},
                    {"$set": {f"profile_doc.{name}": answer for name, answer in answers.items()}},
                    upsert=True,
                    session=session,
                )
            return await self.read(member, kind, session)

        return await self._database.transaction(work)
