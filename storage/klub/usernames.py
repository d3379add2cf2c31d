"""Usernames: names beside the addresses under which accounts of Klub sign in; unique as they are spelt."""

from __future__ import annotations

from storage.counters import Counters
from storage.database import Database, Index, index
from storage.driver import Document

FIELD = "klub.username"
LONGEST = 150  # characters


class Usernames:
    """The field `klub.username` of accounts."""

    INDEXES: tuple[Index, ...] = (index("users", FIELD, unique=True, partial={FIELD: {"$exists": True}}),)

    def __init__(self, database: Database, counters: Counters) -> None:
        self._users = database["users"]
        self._counters = counters

    async def holder(self, name: str) -> Document | None:
        """Find the active account that has a username."""
        return await self._users.find_one({FIELD: name, "is_active": {"$ne": False}})

    async def taken(self, name: str) -> bool:
        """Tell whether somebody has the username, active or not."""
        return await self._users.find_one({FIELD: name}, {"_id": 1}) is not None

    async def invent(self, email: str) -> str:
        """Make a username that nobody has, out of an address and a number."""
        local = email.partition("@")[0]
        while True:
            number = str(await self._counters.take("usernames"))
            name = local[: LONGEST - len(number)] + number
            if not await self.taken(name):
                return name
