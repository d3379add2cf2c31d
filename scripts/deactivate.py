"""Keeps an account from being used, or (--undo) lets it be used again; nothing of it is deleted."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from scripts.session import find_number, make_parser, run
from settings import Settings
from storage.stores import Stores


def main() -> None:
    """Read the command line and deactivate the account, or reactivate it."""
    parser = make_parser("deactivate", __doc__ or "", "--email ann@example.org")
    parser.add_argument("--email", required=True)
    parser.add_argument("--undo", action="store_true", help="let the account be used again")
    flags = parser.parse_args()

    async def work(settings: Settings, stores: Stores) -> dict[str, Any]:
        number = await find_number(stores, flags.email)
        lockout = stores.lockout
        return asdict(await (lockout.reactivate if flags.undo else lockout.deactivate)(number))

    run(work)


if __name__ == "__main__":
    main()
