"""Confirmations: keys that were mailed to addresses and wait for their owners."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from storage.addresses import Addresses
from storage.database import Database, Index, index
from storage.driver import Document, ObjectId, Session
from storage.errors import NotFound
from storage.traces import Trace


@dataclass(frozen=True, slots=True)
class Confirmation:
    """An open key: the address row that it was mailed to, and how old it is (seconds)."""

    key: str
    address: Document
    age: float

    @property
    def user_id(self) -> ObjectId:
        """Return whose address it is."""
        owner: ObjectId = self.address["user_id"]
        return owner


class Confirmations:
    """Rows of `email_confirmations`: {key, email_id, user_id, created_at}."""

    INDEXES: tuple[Index, ...] = (
        index("email_confirmations", "key", unique=True),
        index("email_confirmations", "user_id", "email_id"),
    )
    TRACES = (Trace("email_confirmations", "user_id"),)

    def __init__(
        self, database: Database, addresses: Addresses, clock: Callable[[], float] = time.time
    ) -> None:
        self._rows = database["email_confirmations"]
        self._addresses = addresses
        self._clock = clock

    async def expect(self, address: Document, key: str, session: Session) -> None:
        """Remember the key that is mailed to an address."""
        row = {"key": key, "email_id": address["id"], "user_id": address["user_id"]}
        await self._rows.insert_one({**row, "created_at": self._clock()}, session=session)

    async def find(self, key: str) -> Confirmation:
        """Find an open key; raises NotFound."""
        row = await self._rows.find_one({"key": key})
        address = await self._addresses.find({"id": row["email_id"]}) if row is not None else None
        if row is None or address is None:
            raise NotFound("key")
        return Confirmation(key, address, self._clock() - row["created_at"])

    async def claim(self, found: Confirmation, session: Session) -> Document:
        """Use the key up, verify its address, return the row as it was; raises NotFound where it is gone."""
        if not (await self._rows.delete_one({"key": found.key}, session=session)).deleted_count:
            raise NotFound("key")
        try:
            return await self._addresses.verify(found.address["id"], found.user_id, session)
        except NotFound as error:
            raise NotFound("key") from error
