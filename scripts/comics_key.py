"""Shows the secret key by which somebody's comic apps sign in, or gives them another one."""

from __future__ import annotations

from typing import Any

from scripts.session import Failure, make_parser, run
from settings import Settings
from storage.stores import Stores


def main() -> None:
    """Read the command line and answer with the key."""
    parser = make_parser("comics_key", __doc__ or "", "--email ann@example.org --rotate")
    parser.add_argument("--email", required=True)
    parser.add_argument(
        "--rotate", action="store_true", help="make another key; the former one is dead at once"
    )
    flags = parser.parse_args()

    async def work(settings: Settings, stores: Stores) -> dict[str, Any]:
        return await show_key(stores, flags.email.strip(), rotate=flags.rotate)

    run(work)


async def show_key(stores: Stores, email: str, *, rotate: bool) -> dict[str, Any]:
    """Return the account and its key; raises Failure where nobody has the address."""
    person = await stores.accounts.by_address(email)
    if person is None:
        raise Failure(f"no account has the address {email}")
    keys = stores.secret_keys
    key = await (keys.rotate if rotate else keys.of)(person["id"])
    return {"id": person["id"], "email": person["email"], "secret_key": key}


if __name__ == "__main__":
    main()
