"""Several server processes over the same sockets: forked before any loop, replaced when they crash."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

log = logging.getLogger(__name__)

QUICK = 5.0  # seconds; a process that ends sooner is started again only after a pause
PAUSE = 1.0
WALKS_APART = 100  # collections of the middle generation
STOPPING = frozenset({signal.SIGTERM, signal.SIGINT})


@dataclass(frozen=True)
class Place:
    """Which of the processes this is.

    `lifeline` can be read, and is at its end, once the parent is dead; `again` stands for a replacement.
    """

    number: int = 0
    lifeline: int | None = None
    again: bool = False


def run_processes(count: int, work: Callable[[Place], None]) -> int:
    """Run `work` in this process, or in `count` children; return the exit code.

    The parent holds no connection and no thread: it waits, passes signals on, and replaces children
    that died of anything but a signal to stop.
    """
    if count == 1:
        work(Place())
        return 0
    return Parent(count, work).run()


def spare_collections() -> None:
    """Have the garbage collector walk over everything more rarely; the young are looked at as ever.

    A walk over 15 000 live connections stops the loop for some tenths of a second, and twelve of them were
    a quarter of the CPU that it takes to let those in. Connections that have ended need none: they leave
    no cycles behind. What is there now, modules above all, stays and need never be walked over.
    """
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, WALKS_APART)


def run_loop(work: Coroutine[None, None, None]) -> None:
    """Run one process's event loop, on uvloop where it is installed."""
    spare_collections()
    factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    with contextlib.suppress(ImportError):
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(work)


class Parent:
    """Watches over the children.

    The kernel closes its end of the lifeline however it dies, so no child outlives it unnoticed.
    """

    def __init__(self, count: int, work: Callable[[Place], None]) -> None:
        self._count = count
        self._work = work
        self._children: dict[int, tuple[Place, float]] = {}
        self._stopping = False
        self._lifeline, self._held = os.pipe()

    def run(self) -> int:
        """Start the children and wait for the last one."""
        for each in STOPPING:
            signal.signal(each, self._stop)
        for number in range(self._count):
            self._start(Place(number, self._lifeline))
        failed = False
        while self._children:
            pid, status = os.wait()
            if pid not in self._children:
                continue
            place, started = self._children.pop(pid)
            code = os.waitstatus_to_exitcode(status)
            if self._stopping:
                failed |= code not in (0, -signal.SIGTERM, -signal.SIGINT)
                continue
            log.error("process %d ended with status %d; starting another", pid, code)
            if time.monotonic() - started < QUICK:
                time.sleep(PAUSE)
            self._start(replace(place, again=True))
        return 1 if failed else 0

    def _start(self, place: Place) -> None:
        # A signal between the fork and the note of it would miss this child.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        try:
            if self._stopping:
                return
            pid = os.fork()
            if not pid:
                self._run_child(place)
            self._children[pid] = (place, time.monotonic())
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)

    def _run_child(self, place: Place) -> None:
        code = 1
        try:
            os.close(self._held)
            for each in STOPPING:
                signal.signal(each, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
            self._work(place)
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
