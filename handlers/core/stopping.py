"""The end of a server process: soon, whatever it still waits for."""

from __future__ import annotations

import logging
import os
import sys
import threading

LONGEST = 9.0  # seconds from the signal to the end; 10 are promised

log = logging.getLogger(__name__)


def leave_within(seconds: float = LONGEST) -> None:
    """See to it that this process is over after so many seconds, with exit code 0.

    A driver that can't reach its server may take half a minute to notice that it was told to stop, and
    PyMongo 4.20 can hang when many that wait are cancelled together. Nothing is lost by leaving: what was
    promised is stored, jobs go back to the queue when their leases end.
    """
    timer = threading.Timer(seconds, _leave)
    timer.daemon = True
    timer.start()


def _leave() -> None:
    log.warning("something does not end; leaving without it")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
