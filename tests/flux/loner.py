"""The one member of a test, as stored."""

from __future__ import annotations

from storage.database import Database
from storage.driver import Document
from storage.stores import Stores


async def add_further(stores: Stores, email: str, *, verified: bool) -> None:
    """Give the one member a further address."""
    person = await stores.database["users"].find_one({})
    assert person is not None
    row = await stores.addresses.prepare(email, person["_id"], verified=verified)
    await stores.database["email_addresses"].insert_one({**row, "primary": False})


async def person(database: Database) -> Document:
    """Read the one person."""
    found = await database["users"].find_one({})
    assert found is not None
    return found
