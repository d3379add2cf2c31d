"""Gives a role to the account with an address, or takes it away."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

from scripts.session import Failure, make_parser, run
from settings import Settings
from storage.accounts import Member
from storage.driver import Document, ObjectId
from storage.errors import NotFound, Rejected
from storage.klub.grants import KLUB_ROLES, list_grants
from storage.roles import FLUX_ROLES
from storage.stores import Stores

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


def main() -> None:
    """Read the command line and give or take the role."""
    parser = make_parser("grant_role", __doc__ or "", "--email ann@example.org --role organiser")
    parser.add_argument("--email", required=True)
    parser.add_argument("--role", required=True, help=f"one of: {', '.join(ROLES)}")
    parser.add_argument("--revoke", action="store_true", help="take the role away")
    parser.add_argument(
        "--administrative-unit", metavar="ID", help=f"for {' and '.join(KLUB_ROLES)}; else they hold for all"
    )
    flags = parser.parse_args()
    wish = read_wish(parser, flags)

    async def work(settings: Settings, stores: Stores) -> dict[str, Any]:
        return await change(stores, flags.email.strip(), wish)

    run(work)


def read_wish(parser: argparse.ArgumentParser, flags: argparse.Namespace) -> Wish:
    """Read what is wished for; ends the process where it can't be."""
    role, unit = ALIASES.get(flags.role, flags.role), flags.administrative_unit
    if role not in ROLES:
        parser.error(f"there is no role {role!r}; roles are {', '.join(ROLES)}")
    if unit is None:
        return Wish(role, None, flags.revoke)
    if role not in KLUB_ROLES:
        parser.error(f"the role {role} counts everywhere: it takes no --administrative-unit")
    if not (unit.isascii() and unit.isdigit() and len(unit) < 20 and int(unit) <= HIGHEST_UNIT):
        parser.error(f"--administrative-unit {unit!r} is no id")
    return Wish(role, int(unit), flags.revoke)


async def change(stores: Stores, email: str, wish: Wish) -> dict[str, Any]:
    """Give or take a role and note it in the log; the answer names all roles held now."""
    person = await stores.accounts.by_address(email)
    if person is None:
        raise Failure(f"there is no account with the address {email}")
    await grant(stores, person["_id"], wish)
    action = "took_role" if wish.revoke else "gave_role"
    data = {"role": wish.role, "user_id": person["_id"], "by": None}
    await stores.journal.note(action, data if wish.unit is None else {**data, "unit": wish.unit})
    roles = await list_roles(stores, await stores.accounts.document(person["_id"]))
    return {"id": person["id"], "email": person["email"], "roles": roles}


async def grant(stores: Stores, person: ObjectId, wish: Wish) -> None:
    """Give or take a role, where it is kept; raises Failure."""
    if wish.role == SUPERUSER:
        await stores.accounts.make_superuser(person, not wish.revoke)
    elif wish.role in KLUB_ROLES:
        try:
            await (stores.grants.take if wish.revoke else stores.grants.give)(wish.role, person, wish.unit)
        except Rejected as error:
            raise Failure(error.reason) from None
        except NotFound:
            raise Failure(f"there is no administrative unit {wish.unit}") from None
    else:
        await (stores.roles.take if wish.revoke else stores.roles.give)(wish.role, person)


async def list_roles(stores: Stores, person: Document) -> list[str]:
    """Return what a person may be called, in alphabetical order."""
    superuser = Member.of(person).superuser
    held = await stores.roles.held_by(person["_id"], superuser=superuser)
    granted = (grant["role"] for grant in list_grants(person))
    return sorted({*held, *granted, *([SUPERUSER] if superuser else ())})


if __name__ == "__main__":
    main()
