"""Superusers: an account with every right, made from an address or out of the account that has it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from storage.addresses import Addresses
from storage.counters import Counters
from storage.database import Database
from storage.driver import Document, DuplicateKeyError, ObjectId, ReturnDocument, Session
from storage.errors import Busy
from storage.passwords import Passwords
from storage.person import make_secret, new_person
from storage.tokens import Tokens

NAMES = {"fname": "Admin", "sname": "User"}
TRIES = 5


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
        *,
        passwords: Passwords,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._users = database["users"]
        self._rows = database["email_addresses"]
        self._notify = database["notify_queue"]
        self._counters = counters
        self._addresses = addresses
        self._tokens = tokens
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
            "auth": {**person["auth"], "superuser": True},
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
            person = await self._users.find_one_and_update(
                {"_id": stored["_id"]},
                promotion(stored, fresh, primary=address["primary"]),
                return_document=ReturnDocument.AFTER,
                session=session,
            )
            assert person is not None
            if person["s"] != stored["s"]:
                renamed = {"$set": {"s": person["s"]}}
                await self._notify.update_many({"s": stored["s"]}, renamed, session=session)
            return await self._describe(person, session)

        return await self._database.transaction(work)

    async def _verify(self, row: ObjectId, session: Session) -> Document:
        address = await self._rows.find_one_and_update(
            {"_id": row}, {"$set": {"verified": True}}, session=session
        )
        if address is None:
            raise Moved
        return address

    async def _describe(self, person: Mapping[str, Any], session: Session) -> Superuser:
        return Superuser(person["id"], person["email"], await self._tokens.issue(person["_id"], session))


def promotion(stored: Mapping[str, Any], fresh: str | None, *, primary: bool) -> Document:
    """Return the update that makes a stored person a superuser; `fresh` is the hash of a new password.

    Whoever registered the address without proof may not own it: what they hold must not become an
    admin's, so the secret is made anew at this first proof.
    """
    values: Document = {"auth.superuser": True} | ({"email_validated": True} if primary else {})
    update: Document = {"$set": values}
    if stored.get("auth", {}).get("unproven"):
        values["s"] = make_secret()
        update["$unset"] = {"auth.unproven": ""}
    if fresh is not None:
        values |= {"password": fresh, "set_password": True}
        update["$inc"] = {"auth.generation": 1}
    return update
