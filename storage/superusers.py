"""Superusers: an account with every right, made from an address or out of the account that has it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from storage.addresses import Addresses
from storage.counters import Counters
from storage.credentials import Credentials, Ending, Event
from storage.database import Database
from storage.driver import Document, DuplicateKeyError, ObjectId, Session
from storage.errors import Busy
from storage.passwords import Passwords
from storage.person import new_person
from storage.tokens import Tokens

NAMES = {"fname": "Admin", "sname": "User"}
TRIES = 5
ORIGIN = "create_admin"  # what made the account: who may be on the mailing list depends on it


@dataclass(frozen=True, slots=True)
class Superuser:
    """An account that may do everything, with its primary address and its token."""

    id: int
    email: str
    token: str


class Moved(Exception):
    """What a change was worked out from is no longer stored."""


class Superusers:
    """Appoints superusers; hashing takes long: it comes before the transaction, which then looks again."""

    def __init__(
        self,
        database: Database,
        counters: Counters,
        addresses: Addresses,
        tokens: Tokens,
        credentials: Credentials,
        *,
        passwords: Passwords,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._users = database["users"]
        self._rows = database["email_addresses"]
        self._counters = counters
        self._addresses = addresses
        self._tokens = tokens
        self._credentials = credentials
        self._passwords = passwords
        self._clock = clock

    async def appoint(self, email: str, password: str) -> Superuser:
        """Make the account with this address, be it new or known, a superuser with this password.

        The address counts as proven; raises Busy when others keep changing the account.
        """
        for _ in range(TRIES):
            row = await self._rows.find_one({"email_lower": email.lower()})
            try:
                if row is None:
                    return await self._create(email, password)
                return await self._promote(row, password)
            except (Moved, DuplicateKeyError):
                continue
        raise Busy

    async def _create(self, email: str, password: str) -> Superuser:
        person = new_person(await self._counters.take("users"), email, NAMES, now=self._clock(), ip=None)
        person |= {
            "password": await self._passwords.hash(password),
            "set_password": True,
            "email_validated": True,
            "auth": {**person["auth"], "superuser": True, "origin": ORIGIN},
        }
        row = await self._addresses.prepare(email, person["_id"], verified=True)

        async def work(session: Session) -> Superuser:
            await self._addresses.insert(row, session)
            await self._users.insert_one(person, session=session)
            return await self._describe(person, session)

        return await self._database.transaction(work)

    async def _promote(self, row: Document, password: str) -> Superuser:
        known = await self._users.find_one({"_id": row["user_id"]}, {"password": 1})
        if known is None:
            raise Moved
        former = known.get("password")
        same = await self._passwords.verify(password, former or "")
        fresh = None if same else await self._passwords.hash(password)

        async def work(session: Session) -> Superuser:
            address = await self._verify(row["_id"], session)
            stored = await self._users.find_one({"_id": known["_id"], "password": former}, session=session)
            if stored is None:
                raise Moved
            values = {"auth.superuser": True} | ({"email_validated": True} if address["primary"] else {})
            await self._users.update_one({"_id": stored["_id"]}, {"$set": values}, session=session)
            await self._secure(stored, fresh, session)
            return await self._describe(stored, session)

        return await self._database.transaction(work)

    async def _secure(self, stored: Document, fresh: str | None, session: Session) -> None:
        """End what must not become an admin's; `fresh` is the hash of a new password.

        Whoever registered the address without proof may not own it: this is its first proof.
        """
        if stored.get("auth", {}).get("unproven"):
            await self._credentials.end(Ending(Event.PROVEN, stored), session)
        if fresh is not None:
            await self._credentials.set_password(Ending(Event.CHANGED, stored), fresh, session)

    async def _verify(self, row: ObjectId, session: Session) -> Document:
        address = await self._rows.find_one_and_update(
            {"_id": row}, {"$set": {"verified": True}}, session=session
        )
        if address is None:
            raise Moved
        return address

    async def _describe(self, person: Mapping[str, Any], session: Session) -> Superuser:
        return Superuser(person["id"], person["email"], await self._tokens.issue(person["_id"], session))
