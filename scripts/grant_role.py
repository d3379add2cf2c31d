"""Gives a role to the account with an address, or takes it away."""

from __future__ import annotations

import argparse
from typing import Any

from scripts.session import Failure, make_parser, run
from settings import Settings
from storage.admin.appointments import HIGHEST_UNIT, ROLES, Wish
from storage.errors import NotFound, Rejected
from storage.klub.grants import KLUB_ROLES
from storage.stores import Stores


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
    unit = flags.administrative_unit
    known = unit is None or (
        unit.isascii() and unit.isdigit() and len(unit) < 20 and int(unit) <= HIGHEST_UNIT
    )
    try:
        wish = Wish.of(flags.role, int(unit) if unit is not None and known else None, revoke=flags.revoke)
    except Rejected as error:
        parser.error(error.reason)
    if not known:
        parser.error(f"--administrative-unit {unit!r} is no id")
    return wish


async def change(stores: Stores, email: str, wish: Wish) -> dict[str, Any]:
    """Give or take a role; the answer names all roles held now."""
    person = await stores.accounts.by_address(email)
    if person is None:
        raise Failure(f"there is no account with the address {email}")
    try:
        roles = await stores.appointments.change(person["_id"], wish)
    except Rejected as error:
        raise Failure(error.reason) from None
    except NotFound as error:
        what = f"{error.what} {wish.unit}" if wish.unit is not None else error.what
        raise Failure(f"there is no {what}") from None
    return {"id": person["id"], "email": person["email"], "roles": roles}


if __name__ == "__main__":
    main()
