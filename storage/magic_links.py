"""Magic links: one mailed sign-in token a person, good once."""

from __future__ import annotations

import time
from collections.abc import Callable

from storage.accounts import Accounts
from storage.addresses import Addresses
from storage.announcements import NEW_LOGIN, Announcements
from storage.database import Database, Index, index
from storage.driver import Document, Session
from storage.errors import Departed, NotFound
from storage.jobs import Jobs, NewJob
from storage.person import make_secret
from storage.presence import hold
from storage.traces import Trace

MICROSECONDS = 1_000_000


class MagicLinks:
    """Rows of `login_tokens`; a newer link replaces the older one."""

    INDEXES: tuple[Index, ...] = (
        index("login_tokens", "user_id", unique=True),
        index("login_tokens", "token", unique=True),
    )
    TRACES = (Trace("login_tokens", "user_id"),)

    def __init__(
        self,
        database: Database,
        accounts: Accounts,
        addresses: Addresses,
        jobs: Jobs,
        announcements: Announcements,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._links = database["login_tokens"]
        self._users = database["users"]
        self._accounts = accounts
        self._addresses = addresses
        self._jobs = jobs
        self._announcements = announcements
        self._clock = clock

    async def send(self, email: str, seconds: int, mail: Callable[[str], NewJob]) -> None:
        """Make a link that lasts so long and queue the mail with its token; raises NotFound (address)."""

        async def work(session: Session) -> None:
            address = await self._addresses.reachable(email, session)
            if address is None:
                raise NotFound("address")
            await hold(self._users, address["user_id"], session)
            token = make_secret()
            link = {
                "token": token,
                "expiry": int(self._clock()) + seconds,
                "used": False,
                "email_id": address["id"],
            }
            person = {"user_id": address["user_id"]}
            await self._links.update_one(person, {"$set": link}, upsert=True, session=session)
            await self._jobs.promise(mail(token), session)

        try:
            await self._database.transaction(work)
        except Departed as error:
            raise NotFound("address") from error

    async def is_open(self, token: str) -> bool:
        """Tell whether a link could be used, without using it."""
        return await self._links.find_one(self._good(token), {"_id": 1}) is not None

    async def redeem(self, token: str) -> Document:
        """Use a link up and return its person; raises NotFound where it is not good (any more).

        Whoever reads the mail owns the address: it is verified, see Accounts.trust.
        """

        async def work(session: Session) -> Document:
            link = await self._links.find_one_and_update(
                self._good(token), {"$set": {"used": True}}, session=session
            )
            if link is None:
                raise NotFound("link")
            address = await self._addresses.verify(link.get("email_id"), link["user_id"], session)
            await self._accounts.trust(address, session)
            # Microseconds: the precision in which another dialect shows the last sign-in.
            seen = {"$set": {"auth.last_login": int(self._clock() * MICROSECONDS)}}
            await self._users.update_one({"_id": link["user_id"]}, seen, session=session)
            person = await hold(self._users, link["user_id"], session)
            await self._announcements.announce(link["user_id"], NEW_LOGIN, session)
            return person

        return await self._database.transaction(work)

    def _good(self, token: str) -> Document:
        return {"token": token, "used": False, "expiry": {"$gt": int(self._clock())}}
