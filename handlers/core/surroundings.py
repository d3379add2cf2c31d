"""What the machine and the database allow, held against the settings."""

from __future__ import annotations

import logging
import resource

from settings import Settings
from storage.database import LONGEST_ORPHAN
from storage.stores import Stores

HEADROOM = 200  # file descriptors besides the hub's sockets

log = logging.getLogger(__name__)


async def warn_of_limits(settings: Settings, stores: Stores) -> None:
    """Raise the limit of open files as far as it may be, and say what does not fit the settings."""
    longest = await stores.database.longest_transaction()
    if longest is not None and longest > LONGEST_ORPHAN:
        log.warning(
            "transactionLifetimeLimitSeconds is %d: a killed process may block a poll so long; set it to %d",
            longest,
            LONGEST_ORPHAN,
        )
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.max_connections + HEADROOM
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    if hard < wanted:
        log.warning(
            "%d open files are allowed, MAX_CONNECTIONS=%d needs more", hard, settings.max_connections
        )
