"""Appointments: roles of all dialects given to people and taken away, each time with a line in the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from storage.accounts import Accounts, Member
from storage.driver import Document, ObjectId
from storage.errors import Rejected
from storage.journal import Journal
from storage.klub.grants import KLUB_ROLES, Grants, list_grants
from storage.roles import FLUX_ROLES, Roles

SUPERUSER = "superuser"
ROLES = (SUPERUSER, *KLUB_ROLES, *FLUX_ROLES)
ALIASES = {"phonebank": "phone_bank"}
HIGHEST_UNIT = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Wish:
    """A role to give or take: for one administrative unit, or (None) everywhere."""

    role: str
    unit: int | None
    revoke: bool

    @classmethod
    def of(cls, role: str, unit: int | None, *, revoke: bool) -> Wish:
        """Check what is wished for; raises Rejected."""
        role = ALIASES.get(role, role)
        if role not in ROLES:
            raise Rejected("role", f"there is no role {role!r}; roles are {', '.join(ROLES)}")
        if unit is not None and role not in KLUB_ROLES:
            raise Rejected("role", f"the role {role} counts everywhere: it takes no administrative unit")
        return cls(role, unit, revoke)


class Appointments:
    """Gives and takes roles, each where it is kept."""

    def __init__(self, accounts: Accounts, grants: Grants, roles: Roles, journal: Journal) -> None:
        self._accounts = accounts
        self._grants = grants
        self._roles = roles
        self._journal = journal

    async def change(self, person: ObjectId, wish: Wish, *, by: ObjectId | None = None) -> list[str]:
        """Give or take a role, note it in the log, return all roles held now.

        `by` is who wants it, None at the command line. Raises Departed, NotFound (unit) and Rejected.
        """
        await self._carry_out(person, wish)
        data: dict[str, Any] = {"role": wish.role, "user_id": person, "by": by}
        action = "took_role" if wish.revoke else "gave_role"
        await self._journal.note(action, data if wish.unit is None else {**data, "unit": wish.unit})
        return await self.held_by(await self._accounts.document(person))

    async def _carry_out(self, person: ObjectId, wish: Wish) -> None:
        if wish.role == SUPERUSER:
            await self._accounts.make_superuser(person, not wish.revoke)
        elif wish.role in KLUB_ROLES:
            await (self._grants.take if wish.revoke else self._grants.give)(wish.role, person, wish.unit)
        else:
            await (self._roles.take if wish.revoke else self._roles.give)(wish.role, person)

    async def held_by(self, person: Document) -> list[str]:
        """Return what a person may be called, in alphabetical order."""
        superuser = Member.of(person).superuser
        held = await self._roles.held_by(person["_id"], superuser=superuser)
        granted = (grant["role"] for grant in list_grants(person))
        return sorted({*held, *granted, *([SUPERUSER] if superuser else ())})
