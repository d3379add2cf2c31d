"""Signs an account out everywhere: browsers, app tokens, open links, live connections; lasting keys stay."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from scripts.session import find_number, make_parser, run
from settings import Settings
from storage.stores import Stores


def main() -> None:
    """Read the command line and end the sessions."""
    parser = make_parser("end_sessions", __doc__ or "", "--email ann@example.org")
    parser.add_argument("--email", required=True)
    flags = parser.parse_args()

    async def work(settings: Settings, stores: Stores) -> dict[str, Any]:
        return asdict(await stores.lockout.end_sessions(await find_number(stores, flags.email)))

    run(work)


if __name__ == "__main__":
    main()
