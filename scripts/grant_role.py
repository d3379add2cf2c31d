"""Gives a role to the account with an address, or takes it away."""

from __future__ import annotations

from typing import Any

from scripts.session import Failure, make_parser, run
from settings import Settings
from storage.accounts import Member
from storage.driver import Document
from storage.roles import FLUX_ROLES
from storage.stores import Stores

SUPERUSER = "superuser"
ALIASES = {"phonebank": "phone_bank"}


def main() -> None:
    """Read the command line and give or take the role."""
    parser = make_parser("grant_role", __doc__ or "", "--email ann@example.org --role organiser")
    parser.add_argument("--email", required=True)
    parser.add_argument("--role", required=True, help=f"one of: {', '.join((SUPERUSER, *FLUX_ROLES))}")
    parser.add_argument("--revoke", action="store_true", help="take the role away")
    parser.add_argument("--administrative-unit", metavar="ID", help="for roles that count for one unit")
    flags = parser.parse_args()
    role = ALIASES.get(flags.role, flags.role)
    if role not in (SUPERUSER, *FLUX_ROLES):
        parser.error(f"there is no role {role!r}; roles are {', '.join((SUPERUSER, *FLUX_ROLES))}")
    if flags.administrative_unit is not None:
        parser.error(f"the role {role} counts everywhere: it takes no --administrative-unit")

    async def work(settings: Settings, stores: Stores) -> dict[str, Any]:
        return await change(stores, flags.email.strip(), role, revoke=flags.revoke)

    run(work)


async def change(stores: Stores, email: str, role: str, *, revoke: bool) -> dict[str, Any]:
    """Give or take a role and note it in the log; the answer names all roles held now."""
    person = await stores.accounts.by_address(email)
    if person is None:
        raise Failure(f"there is no account with the address {email}")
    if role == SUPERUSER:
        await stores.accounts.make_superuser(person["_id"], not revoke)
    elif revoke:
        await stores.roles.take(role, person["_id"])
    else:
        await stores.roles.give(role, person["_id"])
    action = "took_role" if revoke else "gave_role"
    await stores.journal.note(action, {"role": role, "user_id": person["_id"], "by": None})
    roles = await list_roles(stores, await stores.accounts.document(person["_id"]))
    return {"id": person["id"], "email": person["email"], "roles": roles}


async def list_roles(stores: Stores, person: Document) -> list[str]:
    """Return what a person may be called, in alphabetical order."""
    superuser = Member.of(person).superuser
    held = await stores.roles.held_by(person["_id"], superuser=superuser)
    return sorted({*held, *([SUPERUSER] if superuser else ())})


if __name__ == "__main__":
    main()
