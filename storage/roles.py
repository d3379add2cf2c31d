"""Roles: one document a role with the accounts that hold it."""

from __future__ import annotations

from storage.database import Database, Index, Restart, index
from storage.driver import DuplicateKeyError, ObjectId, Session
from storage.presence import hold
from storage.traces import Fate, Trace

FLUX_ROLES = ("admin", "finance", "comms", "organiser", "rego_officer", "phone_bank", "qanda_staff")


class Roles:
    """Who may do what; "admin" comes with being a superuser of the product."""

    INDEXES: tuple[Index, ...] = (index("roles", "role", unique=True), index("roles", "uids"))
    TRACES = (Trace("roles", "uids", Fate.ENTRY),)

    def __init__(self, database: Database) -> None:
        self._database = database
        self._roles = database["roles"]
        self._users = database["users"]

    async def held_by(self, user: ObjectId, *, superuser: bool = False) -> tuple[str, ...]:
        """Return the effective roles of an account, in alphabetical order."""
        rows = await self._roles.find({"uids": user}, {"role": 1}).to_list(None)
        names = {str(row["role"]) for row in rows} | ({"admin"} if superuser else set())
        return tuple(sorted(names))

    async def give(self, role: str, user: ObjectId) -> None:
        """Give a role; giving it twice changes nothing; raises Departed."""

        async def work(session: Session) -> None:
            await hold(self._users, user, session)
            entry = {"$addToSet": {"uids": user}}
            try:
                await self._roles.update_one({"role": role}, entry, upsert=True, session=session)
            except DuplicateKeyError as error:
                # Somebody else made the role's document in the same moment.
                raise Restart from error

        await self._database.transaction(work)

    async def holders(self) -> list[tuple[str, list[ObjectId]]]:
        """Return every role with the accounts that hold it, in alphabetical order."""
        rows = await self._roles.find({}, {"role": 1, "uids": 1}).sort("role", 1).to_list(None)
        return [(row["role"], row["uids"]) for row in rows]

    async def take(self, role: str, user: ObjectId) -> None:
        """Take a role away; not having it changes nothing."""
        await self._roles.update_one({"role": role}, {"$pull": {"uids": user}})
