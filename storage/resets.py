"""Resets: keys that set a new password, mailed to whoever can read an account's mail."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from storage.accounts import Accounts
from storage.addresses import Addresses
from storage.credentials import Credentials, Ending, Event, Notices
from storage.database import Database, Index, index
from storage.driver import Document, ObjectId, Session
from storage.errors import Departed, NotFound
from storage.jobs import Jobs, NewJob
from storage.keys import make_key
from storage.passwords import can_match
from storage.presence import hold
from storage.traces import Trace

OWN_ORIGINS = frozenset({"knowme", "create_admin"})  # accounts whose password came with a proof, or will
KEEP = 7 * 86400  # seconds that a key stays known as expired


@dataclass(frozen=True, slots=True)
class Reset:
    """An open key: its person, the address that it was mailed to (imported ones name none), its age."""

    key: str
    person: Document
    email_id: int | None
    age: float


@dataclass(frozen=True, slots=True)
class Offered:
    """A key to be mailed."""

    person: Document
    email: str
    key: str


class Resets:
    """Rows of `password_resets`: {key, user_id, email_id, created_at}."""

    INDEXES: tuple[Index, ...] = (
        index("password_resets", "key", unique=True),
        index("password_resets", "user_id", "created_at"),
    )
    TRACES = (Trace("password_resets", "user_id"),)

    def __init__(
        self,
        database: Database,
        accounts: Accounts,
        addresses: Addresses,
        credentials: Credentials,
        jobs: Jobs,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._rows = database["password_resets"]
        self._users = database["users"]
        self._accounts = accounts
        self._addresses = addresses
        self._credentials = credentials
        self._jobs = jobs
        self._clock = clock

    async def offer(
        self,
        email: str,
        life: float,
        mail: Callable[[Offered], NewJob],
        allows: Callable[[Document, Document], bool] | None = None,
    ) -> None:
        """Queue the mail with a new key, if the address may have one; keys live `life` seconds.

        `allows` judges an account and an address of it; the usual judge is `may_recover`.
        """
        judge = allows or may_recover

        async def work(session: Session) -> None:
            address = await self._addresses.find({"email_lower": email.lower()}, session)
            if address is None:
                return
            person = await hold(self._users, address["user_id"], session)
            if not judge(person, address):
                return
            await self._mail(person, address, life, lambda offered: [mail(offered)], session)

        try:
            await self._database.transaction(work)
        except Departed:
            return

    async def offer_to_primary(
        self, email: str, life: float, mails: Callable[[Offered], Iterable[NewJob]]
    ) -> None:
        """Queue the mail with a new key to the primary address of the account that `email` reaches.

        Raises NotFound where it is neither a primary nor a verified one, or the account is deactivated.
        """

        async def work(session: Session) -> None:
            found = await self._addresses.reachable(email, session)
            if found is None:
                raise NotFound("address")
            person = await hold(self._users, found["user_id"], session)
            primary = {"user_id": found["user_id"], "primary": True}
            address = await self._addresses.find(primary, session) or found
            await self._mail(person, address, life, mails, session)

        await self._database.transaction(work)

    async def _mail(
        self,
        person: Document,
        address: Document,
        life: float,
        mails: Callable[[Offered], Iterable[NewJob]],
        session: Session,
    ) -> None:
        # As stored, not as typed: it is that mailbox which is known to be the person's.
        offered = Offered(person, address["email"], make_key())
        await self._remember(offered.key, address, life, session)
        for job in mails(offered):
            await self._jobs.promise(job, session)

    async def _remember(self, key: str, address: Document, life: float, session: Session) -> None:
        now, owner = self._clock(), {"user_id": address["user_id"]}
        stale = {**owner, "created_at": {"$lt": now - life - KEEP}}
        await self._rows.delete_many(stale, session=session)
        row = {"key": key, **owner, "email_id": address["id"], "created_at": now}
        await self._rows.insert_one(row, session=session)

    async def find(self, key: str) -> Reset:
        """Find an open key of an active account; raises NotFound."""
        row = await self._rows.find_one({"key": key})
        person = await self._owner(row["user_id"]) if row is not None else None
        if row is None or person is None:
            raise NotFound("key")
        return Reset(key, person, row.get("email_id"), self._clock() - row["created_at"])

    async def _owner(self, user_id: ObjectId) -> Document | None:
        return await self._users.find_one({"_id": user_id, "is_active": {"$ne": False}})

    async def redeem(self, found: Reset, hashed: str, notices: Notices) -> None:
        """Use the key up for a password; raises NotFound where it is gone.

        Whoever could read the mail owns the address that it went to.
        """

        async def work(session: Session) -> None:
            if not (await self._rows.delete_one({"key": found.key}, session=session)).deleted_count:
                raise NotFound("key")
            person = await hold(self._users, found.person["_id"], session)
            await self._credentials.set_password(Ending(Event.RECOVERED, person), hashed, session)
            if found.email_id is not None:
                address = await self._addresses.verify(found.email_id, person["_id"], session)
                await self._accounts.trust(address, session, Event.RECOVERED)
            for job in notices(person):
                await self._jobs.promise(job, session)

        try:
            await self._database.transaction(work)
        except NotFound as error:
            raise NotFound("key") from error


class OpenResets:
    """What ends with an account's password: the keys that could set it once more."""

    def __init__(self, database: Database) -> None:
        self._rows = database["password_resets"]

    async def end(self, ending: Ending, session: Session) -> None:
        """Delete the open keys of a person."""
        await self._rows.delete_many({"user_id": ending.person["_id"]}, session=session)


def may_recover(person: Mapping[str, Any], address: Mapping[str, Any]) -> bool:
    """Tell whether a reset may be mailed to an address of a person.

    Verified ones always. A primary one that nobody verified, too, where there is no password, or where
    one came from elsewhere without a mail to confirm: its owner has no other way in.
    """
    if address["verified"]:
        return True
    elsewhere = (person.get("auth") or {}).get("origin") not in OWN_ORIGINS
    return bool(address["primary"]) and (elsewhere or not can_match(person.get("password")))
