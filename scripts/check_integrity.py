"""Checks that what is stored agrees with itself; changes nothing."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.progress import Progress

from scripts.session import Failure, make_parser, run
from settings import Settings
from storage.findings import Finding
from storage.integrity import Integrity
from storage.stores import Stores, all_indexes, all_traces


def main() -> None:
    """Run every check."""
    make_parser("check_integrity", __doc__ or "", "").parse_args()
    # A missing index must be found, not made.
    run(check, prepare=False)


async def check(settings: Settings, stores: Stores) -> dict[str, Any]:
    """Return the answer when nothing is off, else fail with it; failed jobs are only told."""
    findings = await find(Integrity(stores.database, all_indexes(), all_traces()))
    failed = (await stores.jobs.counts())["failed"]
    if failed:
        sys.stderr.write(f"{failed} jobs have failed (collection jobs)\n")
    answer = {"ok": not findings, "findings": [asdict(each) for each in findings], "failed_jobs": failed}
    if findings:
        raise Failure(f"{len(findings)} findings", answer)
    return answer


async def find(integrity: Integrity) -> list[Finding]:
    """Run the checks one after the other, with a progress bar for people."""
    findings: list[Finding] = []
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        checks = integrity.checks()
        task = progress.add_task("", total=len(checks))
        for name, run_check in checks.items():
            progress.update(task, description=name)
            findings += [finding async for finding in run_check()]
            progress.advance(task)
    return findings


if __name__ == "__main__":
    main()
