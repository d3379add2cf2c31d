"""Puts a community to look at into an empty database: members, votes, comics, projects, events."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from rich.console import Console
from rich.progress import Progress

from scripts.demo.founding import SIZES, Size, populate
from scripts.demo.hosts import welcome
from scripts.demo.life import animate
from scripts.session import make_parser, run
from settings import Settings
from storage.demo_box import DemoBox
from storage.passwords import Passwords
from storage.stores import Stores

__all__ = ["animate", "main", "move_in", "populate"]


def main() -> None:
    """Read the command line and found the community."""
    parser = make_parser("demo_data", __doc__ or "", "--size large")
    sizes = ", ".join(f"{name}: {members} members" for name, members in SIZES.items())
    parser.add_argument("--size", choices=tuple(SIZES), default="small", help=f"{sizes} (default: small)")
    flags = parser.parse_args()

    async def work(settings: Settings, stores: Stores) -> dict[str, Any]:
        made = await found(stores, flags.size)
        if not any(made.values()):
            sys.stderr.write("there are accounts already: nothing was done\n")
        return {"made": made}

    run(work)


def move_in(settings: Settings) -> Callable[[Stores], Awaitable[object]]:
    """Return what a server in demo mode does first: the community, its named people, the box for mails."""

    async def fill(stores: Stores) -> None:
        await populate(stores)
        await stores.database.ensure_indexes(DemoBox.INDEXES)
        passwords = Passwords(settings.bcrypt_rounds, os.cpu_count() or 1)
        try:
            await welcome(stores, settings.signing_key(), passwords)
        finally:
            passwords.close()

    return fill


async def found(stores: Stores, size: Size) -> dict[str, int]:
    """Found the community, with a progress bar for people."""
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("members, votes, comics, projects, events", total=None)
        return await populate(
            stores, size, report=lambda done, total: progress.update(task, completed=done, total=total)
        )


if __name__ == "__main__":
    main()
