"""Lockout: ends what a person is signed in with, and keeps an account from being used at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from storage.credentials import Credentials, Ending, Event
from storage.database import Database
from storage.driver import Document, ObjectId, Session
from storage.journal import Journal
from storage.presence import hold_anyone

# What is counted before it ends, by the name that the answer has for it.
COUNTED: Mapping[str, str] = {
    "browser_sessions": "sessions",
    "remembered_browsers": "remember_tokens",
    "app_tokens": "auth_tokens",
}


@dataclass(frozen=True, slots=True)
class LockedOut:
    """An account, whether it may be used, and how much of what it was signed in with has ended."""

    id: int
    email: str
    active: bool
    ended: Mapping[str, int] = field(default_factory=dict)


class Lockout:
    """Signs people out everywhere; lasting keys stay good unless the account is deactivated."""

    def __init__(self, database: Database, credentials: Credentials, journal: Journal) -> None:
        self._database = database
        self._users = database["users"]
        self._credentials = credentials
        self._journal = journal

    async def end_sessions(self, number: int, *, by: ObjectId | None = None) -> LockedOut:
        """End every session, app token, open link and live connection of a person; raises NotFound."""

        async def work(session: Session) -> LockedOut:
            person = await hold_anyone(self._users, number, session)
            ended = await self._end(person, session)
            await self._note("ended_sessions", person, by, session)
            return LockedOut(number, person.get("email") or "", person.get("is_active", True), ended)

        return await self._database.transaction(work)

    async def deactivate(self, number: int, *, by: ObjectId | None = None) -> LockedOut:
        """Keep an account from being used: no credential of it is good any more; raises NotFound."""

        async def work(session: Session) -> LockedOut:
            person = await hold_anyone(self._users, number, session)
            await self._set_active(person, False, session)
            ended = await self._end(person, session)
            await self._note("deactivated", person, by, session)
            return LockedOut(number, person.get("email") or "", False, ended)

        return await self._database.transaction(work)

    async def reactivate(self, number: int, *, by: ObjectId | None = None) -> LockedOut:
        """Let an account be used again: its password and lasting keys are as they were; raises NotFound."""

        async def work(session: Session) -> LockedOut:
            person = await hold_anyone(self._users, number, session)
            await self._set_active(person, True, session)
            await self._note("reactivated", person, by, session)
            return LockedOut(number, person.get("email") or "", True)

        return await self._database.transaction(work)

    async def _end(self, person: Document, session: Session) -> dict[str, int]:
        mine = {"user_id": person["_id"]}
        ended = {
            name: await self._database[collection].count_documents(mine, session=session)
            for name, collection in COUNTED.items()
        }
        await self._credentials.end(Ending(Event.EXPELLED, person), session)
        return ended

    async def _set_active(self, person: Document, active: bool, session: Session) -> None:
        changes = {"$set": {"is_active": active}}
        await self._users.update_one({"_id": person["_id"]}, changes, session=session)

    async def _note(self, action: str, person: Document, by: ObjectId | None, session: Session) -> None:
        await self._journal.note(action, {"user_id": person["_id"], "by": by}, session)
