"""Runs the jobs that are due now; useful beside servers with JOB_WORKERS=0, or after an outage."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from handlers.core import mail
from handlers.core.runners import gather_runners
from handlers.core.worker import Worker
from scripts.session import Failure, make_parser, run
from settings import Settings
from storage.stores import Stores


def positive(text: str) -> int:
    """Read a number from 1 on."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def main() -> None:
    """Run queued jobs and say how many were done, how many failed and how many are left."""
    parser = make_parser("run_jobs", __doc__ or "", "--limit 100")
    parser.add_argument("--limit", type=positive, metavar="N", help="run at most N jobs (default: all)")
    flags = parser.parse_args()

    async def work(settings: Settings, stores: Stores) -> dict[str, Any]:
        try:
            # Standard output belongs to the one JSON document.
            transport = mail.open_transport(settings.email_url.get_secret_value(), console=sys.stderr)
        except ValueError as error:
            raise Failure(f"setting EMAIL_URL: {error}") from None
        worker = Worker(stores.jobs, gather_runners(settings, stores, transport), settings.job_workers)
        return await worker.drain(flags.limit)

    run(work)


if __name__ == "__main__":
    main()
