"""Removes a partner's app from OAuth2; the tokens that it was given end at once."""

from __future__ import annotations

from typing import Any

from scripts.session import Failure, make_parser, run
from settings import Settings
from storage.errors import NotFound
from storage.stores import Stores


def main() -> None:
    """Read the command line and remove the app."""
    parser = make_parser("delete_oauth_client", __doc__ or "", "--client-id 9f0c…")
    parser.add_argument("--client-id", required=True, help="as create_oauth_client printed it")
    flags = parser.parse_args()

    async def work(settings: Settings, stores: Stores) -> dict[str, Any]:
        try:
            name = await stores.clients.remove(flags.client_id)
        except NotFound:
            raise Failure(f"there is no OAuth client {flags.client_id}") from None
        return {"client_id": flags.client_id, "name": name}

    run(work)


if __name__ == "__main__":
    main()
