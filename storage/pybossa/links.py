"""Links that prove an address of an account: good for that account, that address, and a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC

from storage.accounts import Accounts
from storage.addresses import Addresses
from storage.credentials import Event
from storage.database import Database, Index, index
from storage.driver import Document, DuplicateKeyError, ObjectId, Session
from storage.errors import NotFound, Taken
from storage.keys import make_key
from storage.mailboxes import Mailboxes
from storage.presence import hold
from storage.pybossa.entrance import Entered, Entrance
from storage.pybossa.sessions import Visit, digest, moment
from storage.traces import Trace


class Links:
    """Rows of `pybossa_links`: {_id: digest of the key, user_id, email, created, expires}."""

    INDEXES: tuple[Index, ...] = (
        index("pybossa_links", "user_id"),
        index("pybossa_links", "expires", expire_after=0),
    )
    TRACES = (Trace("pybossa_links", "user_id"),)

    def __init__(
        self,
        database: Database,
        accounts: Accounts,
        addresses: Addresses,
        mailboxes: Mailboxes,
        entrance: Entrance,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._rows = database["pybossa_links"]
        self._users = database["users"]
        self._accounts = accounts
        self._addresses = addresses
        self._mailboxes = mailboxes
        self._entrance = entrance
        self._clock = clock

    async def issue(self, oid: ObjectId, email: str, seconds: int, session: Session) -> str:
        """Remember a key that is mailed to an address, in the transaction that queues the mail."""
        key, now = make_key(), self._clock()
        row: Document = {"_id": digest(key), "user_id": oid, "email": email, "created": now}
        await self._rows.insert_one({**row, "expires": moment(now + seconds)}, session=session)
        return key

    async def redeem(self, key: str, visit: Visit | None) -> Entered:
        """Let in whoever opens a link, any number of times.

        Raises NotFound where the key is unknown or expired, or its address not the account's (any more),
        and Taken where the address is another account's by now.
        """

        async def work(session: Session) -> Entered:
            row = await self._rows.find_one({"_id": digest(key)}, session=session)
            if row is None or row["expires"].replace(tzinfo=UTC).timestamp() <= self._clock():
                raise NotFound("link")
            await self.prove(row["user_id"], row["email"], session)
            return await self._entrance.let_in(row["user_id"], visit, session)

        try:
            return await self._database.transaction(work)
        except DuplicateKeyError as error:
            raise Taken("email") from error

    async def prove(self, oid: ObjectId, email: str, session: Session) -> None:
        """Note that an address is proven; one that was pending takes the place of the primary one.

        Raises NotFound where it is neither, Departed where the account is gone.
        """
        person = await hold(self._users, oid, session)
        own = person.get("pybossa") or {}
        pending = (own.get("pending_email") or "").lower()
        if person.get("email_lower") == email.lower():
            address = await self._addresses.verify(None, oid, session)
        elif pending == email.lower():
            address = await self._move(person, own["pending_email"], session)
        else:
            raise NotFound("link")
        if own:
            done: Document = {"pybossa.confirmation_email_sent": False}
            done |= {"pybossa.pending_email": None} if pending == email.lower() else {}
            await self._users.update_one({"_id": oid}, {"$set": done}, session=session)
        await self._accounts.trust(address, session, Event.PROVEN)

    async def _move(self, person: Document, email: str, session: Session) -> Document:
        """Put a pending address in the place of the primary one; return its row as it was, but primary."""
        row = await self._addresses.find({"email_lower": email.lower()}, session)
        if row is None:
            row = await self._addresses.prepare(email, person["_id"], primary=False)
            await self._addresses.insert(row, session)
        elif row["user_id"] != person["_id"]:
            raise Taken("email")
        before = await self._addresses.verify(row["id"], person["_id"], session)
        await self._mailboxes.move(person, {**row, "verified": True}, session)
        return {**before, "primary": True}
