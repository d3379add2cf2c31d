"""Imports dumps: mongoexport's JSON lines of a members' collection, Django's dumpdata, PyBossa's JSON.

A file with a bad record leaves nothing behind. Loading a file twice is as good as once. Of
mongoexport's files people go first, then what names them: users, poll_options, votes, roles and the
rest; records of dumpdata come in any order. What no dialect takes is counted as skipped.
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
from storage.imports.formats import (
    COLLECTIONS,
    FOLLOW_UPS,
    INDEXES,
    UnknownFormat,
    make_plan,
    open_source,
)
from storage.imports.importer import import_file
from storage.imports.plan import Plan
from storage.imports.record import BadRecord, Outcome
from storage.imports.record import Progress as Report
from storage.imports.source import Changed, Source
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
        choices=COLLECTIONS,
        metavar="NAME",
        help=f"what the lines or rows are; dumpdata and PyBossa's files show it: {', '.join(COLLECTIONS)}",
    )
    parser.add_argument("--dry-run", action="store_true", help="check only, store nothing")
    return parser


async def import_files(
    stores: Stores, files: Sequence[Path], collection: str | None, *, dry: bool = False
) -> Outcome:
    """Import files in their order; raises Failure with the file, the line or record, and the reason.

    Files before the one that fails are kept: the answer of the failure counts them.
    """
    await stores.database.ensure_indexes(INDEXES)
    try:
        return await import_each(stores, files, collection, dry=dry)
    finally:
        for follow_up in () if dry else FOLLOW_UPS:
            await follow_up(stores)


async def import_each(stores: Stores, files: Sequence[Path], collection: str | None, *, dry: bool) -> Outcome:
    """Import one file after the other; raises Failure."""
    outcome = Outcome()
    with make_progress() as progress:
        for path in files:
            try:
                source = open_source(path, collection)
                report = watch(progress, path.name)
                outcome.add(await take(source, make_plan(stores, collection), report, dry=dry))
            except OSError as error:
                raise Failure(f"{path}: {error.strerror}", answer(outcome)) from None
            except (Refused, Changed, UnknownFormat) as error:
                raise Failure(f"{path} {error}", answer(outcome)) from None
    return outcome


class Refused(Exception):
    """A record can't be taken; the text says where it stands and why."""


async def take(source: Source, plan: Plan, report: Report, *, dry: bool) -> Outcome:
    """Import one file; raises Refused."""
    try:
        return await import_file(source, plan, report, dry=dry)
    except BadRecord as error:
        raise Refused(f"{source.unit} {error.place}: {error.reason}") from None


def watch(progress: Progress, name: str) -> Report:
    """Begin a file's bar, and return what moves it."""
    task = progress.add_task(name, total=None)
    return lambda done, total: progress.update(task, completed=done, total=total)


def answer(outcome: Outcome) -> dict[str, Any] | None:
    """Return what earlier files brought, None where there were none."""
    return outcome.summary() if outcome.imported or outcome.skipped else None


def make_progress() -> Progress:
    """Make the progress bar; where nobody looks there is none."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())


if __name__ == "__main__":
    main()
