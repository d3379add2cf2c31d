"""Imports dumps: mongoexport's JSON lines of a collection of the members' dialect.

A file with a bad record leaves nothing behind. Loading a file twice is as good as once. People go
first, then what names them: users, poll_options, votes, roles and the rest.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from scripts.session import Failure, make_parser, run
from settings import Settings
from storage.imports.flux import COLLECTIONS, INDEXES, make_loader
from storage.imports.importer import import_file
from storage.imports.lines import Changed, Lines
from storage.imports.record import BadRecord, Outcome
from storage.stores import Stores


def main() -> None:
    """Read the command line and import one file after the other."""
    flags = make_arguments().parse_args()

    async def work(settings: Settings, stores: Stores) -> dict[str, Any]:
        outcome = await import_files(stores, flags.files, flags.collection, dry=flags.dry_run)
        return outcome.summary()

    run(work)


def make_arguments() -> argparse.ArgumentParser:
    """Declare the command line."""
    parser = make_parser("import_dump", __doc__ or "", "users.json --collection users")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument(
        "--collection",
        required=True,
        choices=COLLECTIONS,
        metavar="NAME",
        help=f"what the lines are: {', '.join(COLLECTIONS)}",
    )
    parser.add_argument("--dry-run", action="store_true", help="check only, store nothing")
    return parser


async def import_files(
    stores: Stores, files: Sequence[Path], collection: str, *, dry: bool = False
) -> Outcome:
    """Import files in their order; raises Failure with the file, the line and the reason.

    Files before the one that fails are kept: the answer of the failure counts them.
    """
    outcome = Outcome()
    await stores.database.ensure_indexes(INDEXES)
    with make_progress() as progress:
        for path in files:
            task = progress.add_task(path.name, total=None)

            def report(done: int, total: int, task: Any = task) -> None:
                progress.update(task, completed=done, total=total)

            try:
                loader = make_loader(collection, stores)
                outcome.add(await import_file(Lines.of(path), loader, report, dry=dry))
            except OSError as error:
                raise Failure(f"{path}: {error.strerror}", answer(outcome)) from None
            except BadRecord as error:
                raise Failure(f"{path} line {error.place}: {error.reason}", answer(outcome)) from None
            except Changed as error:
                raise Failure(f"{path} {error}", answer(outcome)) from None
    return outcome


def answer(outcome: Outcome) -> dict[str, Any] | None:
    """Return what earlier files brought, None where there were none."""
    return outcome.summary() if outcome.imported or outcome.skipped else None


def make_progress() -> Progress:
    """Make the progress bar; where nobody looks there is none."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())


if __name__ == "__main__":
    main()
