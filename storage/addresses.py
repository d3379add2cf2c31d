"""E-mail addresses: the one list for all dialects of which address belongs to whom, and is it proven."""

from __future__ import annotations

import time
from collections.abc import Callable

from storage.counters import Counters
from storage.database import Database, Index, index
from storage.driver import Document, ObjectId, Session
from storage.errors import NotFound, Taken
from storage.traces import Trace

# What is mailed to an address, and dies with its row.
MAILED = ("email_validation", "email_confirmations", "password_resets", "login_tokens")


def make_row(
    number: int,
    user_id: ObjectId,
    email: str,
    *,
    primary: bool = True,
    verified: bool = False,
    action: int = 1,
) -> Document:
    """Make a row that is not stored yet."""
    return {
        "_id": ObjectId(),
        "id": number,
        "user_id": user_id,
        "email": email,
        "email_lower": email.lower(),
        "primary": primary,
        "verified": verified,
        "verified_action": action,
    }


class Addresses:
    """Rows of `email_addresses`; compared without case, kept as typed, unique over everybody.

    A row never gets another address: a change is another row, and the proofs mailed to a row die with it.
    """

    INDEXES: tuple[Index, ...] = (
        index("email_addresses", "email_lower", unique=True),
        index("email_addresses", "user_id", "primary", unique=True, partial={"primary": True}),
        index("email_addresses", "id", unique=True),
        index("email_validation", "validation_token", unique=True),
        index("email_validation", "user_id"),
        index("email_addresses", "user_id"),
    )
    TRACES = (Trace("email_addresses", "user_id"), Trace("email_validation", "user_id"))

    def __init__(
        self, database: Database, counters: Counters, clock: Callable[[], float] = time.time
    ) -> None:
        self._rows = database["email_addresses"]
        self._proofs = database["email_validation"]
        self._mailed = [database[name] for name in MAILED]
        self._counters = counters
        self._clock = clock

    async def owner(self, email: str) -> ObjectId | None:
        """Return whose address it is: a primary one, or a verified further one."""
        row = await self._rows.find_one(
            {"email_lower": email.lower(), "$or": [{"primary": True}, {"verified": True}]}, {"user_id": 1}
        )
        return row["user_id"] if row is not None else None

    async def reachable(self, email: str, session: Session) -> Document | None:
        """Return the row of an address that its account may be reached by: see `owner`."""
        ours = {"$or": [{"primary": True}, {"verified": True}]}
        return await self._rows.find_one({"email_lower": email.lower(), **ours}, session=session)

    async def prepare(
        self, email: str, user_id: ObjectId, *, primary: bool = True, verified: bool = False, action: int = 1
    ) -> Document:
        """Make a row that is not stored yet; its number is taken outside the transaction."""
        number = await self._counters.take("email_addresses")
        return make_row(number, user_id, email, primary=primary, verified=verified, action=action)

    async def insert(self, row: Document, session: Session) -> None:
        """Store a row; the unique index raises where the address is somebody's."""
        await self._rows.insert_one(row, session=session)

    async def expect_proof(self, row: Document, token: str, session: Session) -> None:
        """Remember the token that is mailed to the address."""
        await self._proofs.insert_one(
            {
                "user_id": row["user_id"],
                "email_id": row["id"],
                "validation_token": token,
                "success": False,
                "sent_at": int(self._clock()),
            },
            session=session,
        )

    async def accept_proof(self, token: str, session: Session) -> Document:
        """Mark the proof used and its address verified; return the row as it was, or raise NotFound."""
        proof = await self._proofs.find_one_and_update(
            {"validation_token": token}, {"$set": {"success": True}}, session=session
        )
        if proof is None:
            raise NotFound("token")
        # Imported proofs name no address: they were mailed to the primary one.
        return await self.verify(proof.get("email_id"), proof["user_id"], session)

    async def verify(self, number: int | None, user_id: ObjectId, session: Session) -> Document:
        """Mark an address of a person verified: the one with this number, or (None) the primary one.

        Returns the row as it was before; raises NotFound where it has left the account.
        """
        which = {"primary": True} if number is None else {"id": number}
        row = await self._rows.find_one_and_update(
            {"user_id": user_id, **which}, {"$set": {"verified": True}}, session=session
        )
        if row is None:
            raise NotFound("address")
        return row

    async def respell(self, email: str, session: Session) -> None:
        """Store another spelling of the same address (its case)."""
        await self._rows.update_one(
            {"email_lower": email.lower()}, {"$set": {"email": email}}, session=session
        )

    async def replace_primary(self, user_id: ObjectId, email: str, token: str, session: Session) -> bool:
        """Put the address in the place of the primary one; return whether it is verified; raises Taken.

        A further row of the same person is promoted as it is.
        """
        own = await self._rows.find_one({"email_lower": email.lower()}, session=session)
        if own is not None and own["user_id"] != user_id:
            raise Taken("email")
        former = await self._rows.find_one_and_delete({"user_id": user_id, "primary": True}, session=session)
        if former is not None:
            await self._forget(former, session)
        if own is None:
            own = await self.prepare(email, user_id)
            await self.insert(own, session)
        else:
            promotion = {"$set": {"primary": True, "email": email}}
            await self._rows.update_one({"_id": own["_id"]}, promotion, session=session)
        await self.expect_proof(own, token, session)
        return bool(own["verified"])

    async def find(self, query: Document, session: Session | None = None) -> Document | None:
        """Return a row by its fields."""
        return await self._rows.find_one(query, session=session)

    async def taken(self, email: str) -> Document | None:
        """Return the row that has the address, verified or not."""
        return await self.find({"email_lower": email.lower()})

    async def of(self, user_id: ObjectId) -> list[Document]:
        """Return a person's rows by ascending id."""
        return await self._rows.find({"user_id": user_id}).sort("id", 1).to_list(None)

    async def proven(self, user_id: ObjectId) -> bool:
        """Tell whether a person has verified an address."""
        return await self.find({"user_id": user_id, "verified": True}) is not None

    async def make_primary(self, row: Document, session: Session) -> Document | None:
        """Make a person's row the primary one; return the one that was."""
        former = await self._rows.find_one_and_update(
            {"user_id": row["user_id"], "primary": True}, {"$set": {"primary": False}}, session=session
        )
        # Proofs that name no address were mailed to the primary one of that time.
        nameless = {"user_id": row["user_id"], "email_id": None}
        await self._proofs.delete_many(nameless, session=session)
        await self._rows.update_one({"_id": row["_id"]}, {"$set": {"primary": True}}, session=session)
        return former

    async def remove(self, row: Document, session: Session) -> None:
        """Delete a row and what was mailed to it: the address is free again."""
        await self._rows.delete_one({"_id": row["_id"]}, session=session)
        await self._forget(row, session)

    async def _forget(self, row: Document, session: Session) -> None:
        numbers = [row["id"], None] if row["primary"] else [row["id"]]
        dead = {"user_id": row["user_id"], "email_id": {"$in": numbers}}
        for links in self._mailed:
            await links.delete_many(dead, session=session)
