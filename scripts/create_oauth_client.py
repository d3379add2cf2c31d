"""Registers a partner's app for OAuth2; its secret is shown this once and stored hashed."""

from __future__ import annotations

from typing import Any

from scripts.session import make_parser, run
from settings import Settings
from storage.klub.oauth import SCOPES, USUAL_SCOPES
from storage.stores import Stores


def main() -> None:
    """Read the command line and register the app."""
    parser = make_parser(
        "create_oauth_client", __doc__ or "", "--name 'City map' --scope 'read can_view_events'"
    )
    parser.add_argument("--name", required=True, help="what people call the app")
    parser.add_argument(
        "--scope",
        default=" ".join(USUAL_SCOPES),
        help=f"all that it may do, separated by blanks; default: %(default)s; known: {', '.join(SCOPES)}",
    )
    flags = parser.parse_args()
    name, scopes = flags.name.strip(), flags.scope.split()
    if not name:
        parser.error("--name is empty")
    if not scopes:
        parser.error("--scope is empty")
    if unknown := [scope for scope in scopes if scope not in SCOPES]:
        parser.error(f"unknown scope: {', '.join(unknown)}; known are {', '.join(SCOPES)}")

    async def work(settings: Settings, stores: Stores) -> dict[str, Any]:
        made = await stores.oauth.add_client(name, scopes)
        return {"client_id": made.client_id, "client_secret": made.client_secret}

    run(work)


if __name__ == "__main__":
    main()
