"""Grants: who is staff or an event organizer, for which administrative units; kept on the account itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from storage.accounts import Member
from storage.batching import Batcher
from storage.database import Database
from storage.driver import Document, ObjectId, Session
from storage.errors import NotFound, Rejected
from storage.presence import hold

STAFF, ORGANIZER = "staff", "event_organizer"
KLUB_ROLES = (STAFF, ORGANIZER)
UNITS = "administrative_units"
# What of an account `read_standing` looks at; a first grant may come with the whole of `klub`.
STANDING_FIELDS = ("klub", "klub.grants", "auth.superuser")


@dataclass(frozen=True, slots=True)
class Standing:
    """What a user is allowed; `units` None stands for all of them. Superusers are staff and organizers."""

    superuser: bool = False
    staff: bool = False
    organizer: bool = False
    units: frozenset[int] | None = frozenset()

    @property
    def organizes(self) -> bool:
        """Tell whether the user is staff, an event organizer or a superuser."""
        return self.staff or self.organizer

    def covers(self, unit: int) -> bool:
        """Tell whether the user's rights hold in a unit."""
        return self.units is None or unit in self.units


NO_STANDING = Standing()
SUPERUSER = Standing(True, True, True, None)


def read_standing(person: Mapping[str, Any] | None) -> Standing:
    """Work out the standing of a stored account."""
    if person is None:
        return NO_STANDING
    if (person.get("auth") or {}).get("superuser"):
        return SUPERUSER
    grants = list_grants(person)
    if not grants:
        return NO_STANDING
    everywhere = any(grant["units"] is None for grant in grants)
    units = None if everywhere else frozenset(unit for grant in grants for unit in grant["units"])
    roles = {grant["role"] for grant in grants}
    return Standing(False, STAFF in roles, ORGANIZER in roles, units)


def list_grants(person: Mapping[str, Any]) -> list[Document]:
    """Return the grants of a stored account, one a role: {role, units: None | [ids]}."""
    return [dict(grant) for grant in (person.get("klub") or {}).get("grants") or ()]


class Grants:
    """The list `klub.grants` of each account."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._users = database["users"]
        self._units = database[UNITS]
        self._standings: Batcher[ObjectId, Standing] = Batcher(self._find)

    async def standing(self, member: Member) -> Standing:
        """Return what a member is allowed; look-ups of one moment share a round trip."""
        return SUPERUSER if member.superuser else await self._standings.submit(member.oid)

    async def _find(self, oids: Sequence[ObjectId]) -> Sequence[Standing]:
        fields = {"klub.grants": 1, "auth.superuser": 1}
        rows = await self._users.find({"_id": {"$in": list(set(oids))}}, fields).to_list(None)
        found = {row["_id"]: read_standing(row) for row in rows}
        return [found.get(oid, NO_STANDING) for oid in oids]

    async def give(self, role: str, oid: ObjectId, unit: int | None = None) -> None:
        """Give a role for one unit or (None) for all; again changes nothing; raises Departed, NotFound."""

        async def work(session: Session) -> None:
            person = await hold(self._users, oid, session)
            if unit is not None and await self._units.find_one({"_id": unit}, session=session) is None:
                raise NotFound("administrative unit")
            await self._store(oid, add_grant(list_grants(person), role, unit), session)

        await self._database.transaction(work)

    async def take(self, role: str, oid: ObjectId, unit: int | None = None) -> None:
        """Take a role away, for one unit or (None) altogether; raises Departed, Rejected.

        One unit can't be taken out of a role that holds for all of them.
        """

        async def work(session: Session) -> None:
            person = await hold(self._users, oid, session)
            await self._store(oid, remove_grant(list_grants(person), role, unit), session)

        await self._database.transaction(work)

    async def _store(self, oid: ObjectId, grants: Sequence[Document], session: Session) -> None:
        await self._users.update_one({"_id": oid}, {"$set": {"klub.grants": list(grants)}}, session=session)


def add_grant(grants: Collection[Document], role: str, unit: int | None) -> list[Document]:
    """Return the grants with one more."""
    held = next((grant for grant in grants if grant["role"] == role), {"role": role, "units": []})
    everywhere = unit is None or held["units"] is None
    units = None if everywhere else sorted({*held["units"], unit})
    return [*(grant for grant in grants if grant["role"] != role), {"role": role, "units": units}]


def remove_grant(grants: Collection[Document], role: str, unit: int | None) -> list[Document]:
    """Return the grants without one; raises Rejected."""
    others = [grant for grant in grants if grant["role"] != role]
    held = next((grant for grant in grants if grant["role"] == role), None)
    if unit is None or held is None:
        return others
    if held["units"] is None:
        raise Rejected("unit", f"{role} is held for all units; take it away altogether")
    units = [each for each in held["units"] if each != unit]
    return [*others, {"role": role, "units": units}] if units else others
