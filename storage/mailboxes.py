"""Mailboxes: an account's own addresses, added, confirmed, made primary and removed by its owner."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from storage.accounts import Accounts
from storage.addresses import Addresses
from storage.confirmations import Confirmation, Confirmations
from storage.credentials import Event, Notices
from storage.database import Database
from storage.driver import Document, DuplicateKeyError, ObjectId, Session
from storage.errors import Departed, NotFound, Rejected, Taken
from storage.jobs import Jobs, NewJob
from storage.keys import make_key
from storage.presence import hold

REPLACE_PRIMARY = 2  # the `verified_action` that moves an account to the address once it is verified


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address of an account."""

    id: int
    email: str
    verified: bool
    verified_action: int
    primary: bool

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        return cls(row["id"], row["email"], row["verified"], row["verified_action"], row["primary"])


@dataclass(frozen=True, slots=True)
class Added:
    """A new address, its owner, and the key that confirms it."""

    person: Document
    email: str
    key: str


class Mailboxes:
    """What owners do with their addresses; transactions hold the account, so they follow one another."""

    def __init__(
        self,
        database: Database,
        accounts: Accounts,
        addresses: Addresses,
        confirmations: Confirmations,
        jobs: Jobs,
    ) -> None:
        self._database = database
        self._users = database["users"]
        self._accounts = accounts
        self._addresses = addresses
        self._confirmations = confirmations
        self._jobs = jobs

    async def of(self, owner: ObjectId) -> list[Mailbox]:
        """List an account's addresses by ascending id."""
        return [Mailbox.of(row) for row in await self._addresses.of(owner)]

    async def find(self, owner: ObjectId, number: int) -> Mailbox:
        """Find one of an account's addresses; raises NotFound."""
        return Mailbox.of(await self._row(owner, number))

    async def _row(self, owner: ObjectId, number: int, session: Session | None = None) -> Document:
        row = await self._addresses.find({"id": number, "user_id": owner}, session)
        if row is None:
            raise NotFound("address")
        return row

    async def add(
        self, owner: ObjectId, email: str, action: int, notices: Callable[[Added], Iterable[NewJob]]
    ) -> Mailbox:
        """Add an address that waits for its proof; raises Taken, Departed."""
        row = await self._addresses.prepare(email, owner, primary=False, action=action)

        async def work(session: Session) -> None:
            added = Added(await hold(self._users, owner, session), email, make_key())
            await self._addresses.insert(row, session)
            await self._confirmations.expect(row, added.key, session)
            await self._promise(notices(added), session)

        try:
            await self._database.transaction(work)
        except DuplicateKeyError as error:
            raise Taken("email") from error
        return Mailbox.of(row)

    async def promote(self, owner: ObjectId, number: int, notices: Notices) -> Mailbox:
        """Make an address the primary one; raises NotFound, and Rejected where it is not verified."""

        async def work(session: Session) -> Mailbox:
            person = await hold(self._users, owner, session)
            row = await self._row(owner, number, session)
            if row["primary"]:
                return Mailbox.of(row)
            if not row["verified"]:
                raise Rejected("primary", "is not verified")
            await self._switch(person, row, session)
            await self._promise(notices(person), session)
            return Mailbox.of({**row, "primary": True})

        return await self._database.transaction(work)

    async def remove(self, owner: ObjectId, number: int) -> None:
        """Delete an address; raises NotFound, and Rejected for the primary one."""

        async def work(session: Session) -> None:
            await hold(self._users, owner, session)
            row = await self._row(owner, number, session)
            if row["primary"]:
                raise Rejected("primary", "stays")
            await self._addresses.remove(row, session)

        await self._database.transaction(work)

    async def confirm(self, found: Confirmation, hashed: str, notices: Notices) -> None:
        """Use a key up: its address is proven by somebody who knows the password with this hash.

        Raises NotFound where the key is gone, Departed where the password is another by now. `notices`
        come where the address takes the place of the primary one, which then leaves the account.
        """

        async def work(session: Session) -> None:
            row = await self._confirmations.claim(found, session)
            person = await hold(self._users, found.user_id, session)
            if person.get("password") != hashed:
                raise Departed
            if row["verified_action"] == REPLACE_PRIMARY and not row["primary"]:
                await self.move(person, row, session)
                await self._promise(notices(person), session)
                row = {**row, "primary": True}
            await self._accounts.trust(row, session, Event.PROVEN)

        await self._database.transaction(work)

    async def move(self, person: Document, row: Document, session: Session) -> None:
        """Put an address of the person's in the place of the primary one, which leaves the account."""
        former = await self._switch(person, row, session)
        if former is not None:
            await self._addresses.remove(former, session)

    async def _switch(self, person: Document, row: Document, session: Session) -> Document | None:
        """Make a row the primary one, and the person's document repeat it; return the former row."""
        former = await self._addresses.make_primary(row, session)
        email = row["email"]
        values = {"email": email, "email_lower": email.lower(), "email_validated": row["verified"]}
        if person.get("username") == person.get("email"):
            values["username"] = email
        await self._users.update_one({"_id": person["_id"]}, {"$set": values}, session=session)
        return former

    async def _promise(self, jobs: Iterable[NewJob], session: Session) -> None:
        for job in jobs:
            await self._jobs.promise(job, session)
