"""Subscribers: under which hash a mailing list knows an account."""

from __future__ import annotations

from storage.database import Database, Index, index
from storage.driver import Document, ObjectId, Session
from storage.presence import hold
from storage.traces import Trace


class Subscribers:
    """Rows of `mailchimp_users`: {user_id, subscriber_hash}."""

    INDEXES: tuple[Index, ...] = (index("mailchimp_users", "user_id", unique=True),)
    TRACES = (Trace("mailchimp_users", "user_id"),)

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows = database["mailchimp_users"]
        self._users = database["users"]

    async def person(self, number: int) -> Document | None:
        """Return the active account with an id, None where it has left."""
        return await self._users.find_one({"id": number, "is_active": {"$ne": False}})

    async def hash_of(self, user_id: ObjectId) -> str | None:
        """Return the list's hash of an account."""
        row = await self._rows.find_one({"user_id": user_id})
        return None if row is None else str(row["subscriber_hash"])

    async def remember(self, user_id: ObjectId, subscriber_hash: str) -> None:
        """Store the list's hash of an account; raises Departed."""

        async def work(session: Session) -> None:
            await hold(self._users, user_id, session)
            found, values = {"user_id": user_id}, {"$set": {"subscriber_hash": subscriber_hash}}
            await self._rows.update_one(found, values, upsert=True, session=session)

        await self._database.transaction(work)
