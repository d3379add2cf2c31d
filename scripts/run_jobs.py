"""Runs the jobs that are due now; useful beside servers with JOB_WORKERS=0, or after an outage."""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import asdict
from typing import Any

from handlers.core import mail
from handlers.core.runners import gather_runners
from handlers.core.worker import Worker
from scripts.session import Failure, make_parser, run
from settings import SettingError, Settings
from storage.driver import ObjectId
from storage.errors import NotFound
from storage.stores import Stores

JOB_ID = re.compile(r"[0-9a-f]{24}")
MOST_LISTED = 200


def positive(text: str) -> int:
    """Read a number from 1 on."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def job_id(text: str) -> ObjectId:
    """Read the id of a job."""
    if JOB_ID.fullmatch(text) is None:
        raise argparse.ArgumentTypeError("is no id of a job: 24 hex digits")
    return ObjectId(text)


def main() -> None:
    """Run queued jobs and say how many were done, how many failed and how many are left."""
    parser = make_parser("run_jobs", __doc__ or "", "--limit 100")
    parser.add_argument("--limit", type=positive, metavar="N", help="run at most N jobs (default: all)")
    dead = parser.add_mutually_exclusive_group()
    dead.add_argument("--list-dead", action="store_true", help="run nothing: list the newest dead letters")
    dead.add_argument("--retry", type=job_id, metavar="ID", help="queue a dead letter anew, then run")
    dead.add_argument("--drop", type=job_id, metavar="ID", help="run nothing: throw a dead letter away")
    flags = parser.parse_args()

    async def work(settings: Settings, stores: Stores) -> dict[str, Any]:
        if flags.list_dead:
            return asdict(await stores.queue.page("failed", None, None, MOST_LISTED))
        try:
            if flags.drop is not None:
                return {"dropped": asdict(await stores.queue.drop(flags.drop))}
            if flags.retry is not None:
                await stores.queue.retry(flags.retry)
        except NotFound:
            raise Failure(f"there is no dead letter {flags.drop or flags.retry}") from None
        try:
            # Standard output belongs to the one JSON document.
            transport = mail.open_transport(settings.email_url.get_secret_value(), console=sys.stderr)
        except ValueError as error:
            raise SettingError("EMAIL_URL", str(error)) from None
        worker = Worker(stores.jobs, gather_runners(settings, stores, transport), settings.job_workers)
        return await worker.drain(flags.limit)

    run(work)


if __name__ == "__main__":
    main()
