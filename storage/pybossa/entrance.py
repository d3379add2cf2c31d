"""Lets people in: whoever signs in here joins, gets a session of their own, and hears of it."""

from __future__ import annotations

from dataclasses import dataclass

from storage.database import Database
from storage.driver import ObjectId, Session
from storage.errors import Departed
from storage.presence import hold
from storage.pybossa.community import Community
from storage.pybossa.people import PyBossaUser
from storage.pybossa.sessions import Opened, Sessions, Visit
from storage.signin import SignIn


@dataclass(frozen=True, slots=True)
class Entered:
    """Who is in, and what their browser gets; `made` tells a new account from a known one."""

    user: PyBossaUser
    opened: Opened
    made: bool = False


class Entrance:
    """Signs browsers in; `visit` is the session that they had before."""

    def __init__(self, database: Database, community: Community, sessions: Sessions, signin: SignIn) -> None:
        self._database = database
        self._users = database["users"]
        self._community = community
        self._sessions = sessions
        self._signin = signin

    async def sign_in(self, oid: ObjectId, hashed: str, visit: Visit | None) -> Entered:
        """Let in whoever knows the password with this hash; raises Departed where it is another by now."""

        async def work(session: Session) -> Entered:
            person = await hold(self._users, oid, session)
            if person.get("password") != hashed:
                raise Departed
            return await self.let_in(oid, visit, session)

        return await self._database.transaction(work)

    async def let_in(
        self, oid: ObjectId, visit: Visit | None, session: Session, *, made: bool = False
    ) -> Entered:
        """Let a person in, as the last step of a transaction that knows why; raises Departed."""
        user = await self._community.join(oid, session)
        opened = await self._sessions.sign_in(oid, visit, session)
        await self._signin.note(oid, session)
        return Entered(user, opened, made)
