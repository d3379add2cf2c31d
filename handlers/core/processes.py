"""Several server processes over the same sockets: forked before any loop, replaced when they crash."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

log = logging.getLogger(__name__)

QUICK = 5.0  # seconds; a process that ends sooner is started again only after a pause
PAUSE = 1.0


def run_processes(count: int, work: Callable[[], None]) -> int:
    """Run `work` in this process, or in `count` children; return the exit code.

    The parent holds no connection and no thread: it waits, passes signals on, and replaces children
    that died of anything but a signal to stop.
    """
    if count == 1:
        work()
        return 0
    return Parent(count, work).run()


class Parent:
    """Watches over the children."""

    def __init__(self, count: int, work: Callable[[], None]) -> None:
        self._count = count
        self._work = work
        self._children: dict[int, float] = {}
        self._stopping = False

    def run(self) -> int:
        """Start the children and wait for the last one."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        for _ in range(self._count):
            self._start()
        failed = 0
        while self._children:
            pid, status = os.wait()
            started = self._children.pop(pid)
            if self._stopping:
                failed |= status != 0
                continue
            log.error(
                "process %d ended with status %d; starting another", pid, os.waitstatus_to_exitcode(status)
            )
            if time.monotonic() - started < QUICK:
                time.sleep(PAUSE)
            if not self._stopping:
                self._start()
        return 1 if failed else 0

    def _start(self) -> None:
        pid = os.fork()
        if pid:
            self._children[pid] = time.monotonic()
            return
        code = 1
        try:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            self._work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _stop(self, number: int, _: Any) -> None:
        self._stopping = True
        for pid in self._children:
            os.kill(pid, signal.SIGTERM)
