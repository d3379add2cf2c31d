"""Makes a poll, or adds options to one."""

from __future__ import annotations

from typing import Any

from scripts.session import make_parser, run
from settings import Settings
from storage.polls import OPTION_ID
from storage.stores import Stores


def main() -> None:
    """Read the command line and make the poll."""
    parser = make_parser("create_poll", __doc__ or "", "--poll-id 2 --option tea=Tea --option coffee=Coffee")
    parser.add_argument("--poll-id", type=int, required=True)
    parser.add_argument("--option", action="append", required=True, metavar="ID[=LABEL]")
    parser.add_argument("--question")
    flags = parser.parse_args()
    options = {identifier: label for identifier, _, label in (each.partition("=") for each in flags.option)}
    for identifier in options:
        if OPTION_ID.fullmatch(identifier) is None:
            parser.error(f"option id {identifier!r} is not 1 to 32 of A-Z a-z 0-9 _ -")
    if not 0 < flags.poll_id < 2**63:
        parser.error("--poll-id must be a positive 64-bit number")

    async def work(settings: Settings, stores: Stores) -> dict[str, Any]:
        tally = await stores.polls.create(flags.poll_id, options, flags.question)
        return {"poll_id": tally.poll_id, "options": list(tally.stats), "stats": tally.stats}

    run(work)


if __name__ == "__main__":
    main()
