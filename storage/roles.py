"""Roles: one document a role with the accounts that hold it."""

from __future__ import annotations

from storage.database import Database, Index, index
from storage.driver import DuplicateKeyError, ObjectId

FLUX_ROLES = ("admin", "finance", "comms", "organiser", "rego_officer", "phone_bank", "qanda_staff")


class Roles:
    """Who may do what; "admin" comes with being a superuser of the product."""

    INDEXES: tuple[Index, ...] = (index("roles", "role", unique=True), index("roles", "uids"))

    def __init__(self, database: Database) -> None:
        self._roles = database["roles"]

    async def held_by(self, user: ObjectId, *, superuser: bool = False) -> tuple[str, ...]:
        """Return the effective roles of an account, in alphabetical order."""
        rows = await self._roles.find({"uids": user}, {"role": 1}).to_list(None)
        names = {str(row["role"]) for row in rows} | ({"admin"} if superuser else set())
        return tuple(sorted(names))

    async def give(self, role: str, user: ObjectId) -> None:
        """Give a role; giving it twice changes nothing."""
        for last in (False, True):
            try:
                await self._roles.update_one({"role": role}, {"$addToSet": {"uids": user}}, upsert=True)
            except DuplicateKeyError:
                if last:
                    raise
                continue  # another process made the role's document in the same moment
            return

    async def take(self, role: str, user: ObjectId) -> None:
        """Take a role away; not having it changes nothing."""
        await self._roles.update_one({"role": role}, {"$pull": {"uids": user}})
