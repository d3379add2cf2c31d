"""Signing in: who has an address, and the token for whoever knows the password."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from storage.accounts import Member
from storage.addresses import Addresses
from storage.announcements import NEW_LOGIN, Announcements
from storage.database import Database
from storage.driver import Document, ObjectId, Session
from storage.errors import Departed
from storage.presence import hold
from storage.tokens import Tokens

MICROSECONDS = 1_000_000  # the precision in which a dialect shows the last sign-in


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who might be signing in; nobody where the address is unknown or its account deactivated."""

    person: Document | None = None
    verified: bool = False


class SignIn:
    """Lets people in."""

    def __init__(
        self,
        database: Database,
        addresses: Addresses,
        tokens: Tokens,
        announcements: Announcements,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._users = database["users"]
        self._addresses = addresses
        self._tokens = tokens
        self._announcements = announcements
        self._clock = clock

    async def candidate(self, email: str) -> Candidate:
        """Find who has an address, verified or not."""
        row = await self._addresses.taken(email)
        if row is None:
            return Candidate()
        found = {"_id": row["user_id"], "is_active": {"$ne": False}}
        person = await self._users.find_one(found, {"password": 1, "email": 1})
        return Candidate(person, row["verified"])

    async def enter(self, oid: ObjectId, hashed: str) -> str:
        """Return the token of an account whose password has this hash; raises Departed.

        Account and token are read in one snapshot: a sign-in with a password that is just being
        replaced must not make a token after the others have ended.
        """

        async def work(session: Session) -> str:
            found = {"_id": oid, "password": hashed, "is_active": {"$ne": False}}
            if await self._users.find_one(found, {"_id": 1}, session=session) is None:
                raise Departed
            token = await self._tokens.current(oid, session)
            if token is None:
                await hold(self._users, oid, session)
                token = await self._tokens.issue(oid, session)
            return token

        token = await self._database.transaction(work)
        await self._database.transaction(lambda session: self.note(oid, session))
        return token

    async def arrive(self, oid: ObjectId, hashed: str) -> Member:
        """Note the sign-in of an account whose password has this hash; raises Departed.

        The member is read in the same snapshot: what is signed in their name ends with this password.
        """

        async def work(session: Session) -> Member:
            person = await hold(self._users, oid, session)
            if person.get("password") != hashed:
                raise Departed
            await self.note(oid, session)
            return Member.of(person)

        return await self._database.transaction(work)

    async def note(self, oid: ObjectId, session: Session) -> None:
        """Note a sign-in, and tell the person of it; part of the caller's transaction, best its last step."""
        seen = {"auth.last_login": int(self._clock() * MICROSECONDS)}
        await self._users.update_one({"_id": oid}, {"$set": seen}, session=session)
        await self._announcements.announce(oid, NEW_LOGIN, session)
