"""The process that keeps mongod alive while anybody uses it, and no longer."""

import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random, SystemRandom

from .deadline import Deadline
from .folder import LOOPBACK, Folder
from .locks import LockFile
from .mongod import build_command, spawn

TICK = 0.2
STOP_SECONDS = 20.0
RESTART_PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0)
# A mongod that ran this long has earned all its restarts again.
STEADY_SECONDS = 60.0
LARGEST_LOG = 64 << 20
ADDRESS_IN_USE = 48
KILLED = (-signal.SIGKILL, -signal.SIGTERM, 0)


class Supervisor:
    """Starts, watches, restarts and stops the mongod of one folder."""

    def __init__(self, folder: Folder, mongod: Path, lock: LockFile, random: Random | None = None) -> None:
        self.folder = folder
        self.mongod = mongod
        self.random = random or SystemRandom()
        self.lock = lock  # supervisor.lock, taken by whoever started us: one supervisor, without a gap
        self.owner = LockFile.open(folder.lock("owner"))
        self.lease = LockFile.open(folder.lock("lease"))
        self.start = LockFile.open(folder.lock("start"))
        self.alone = self.owner.try_exclusive()
        self.leaving = False

    def detach(self) -> None:
        """Go on in a child of its own session; the process that was started ends when the port is known."""
        os.umask(0o077)
        if self.alone:
            self.folder.rotate_log()
            self.folder.choose_port(self.random)
        log = os.open(self.folder.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        if os.fork():
            return
        os.setsid()
        os.chdir("/")
        for stream in (sys.stdout, sys.stderr):
            os.dup2(log, stream.fileno())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._leave)
        self.run()

    def run(self) -> None:
        """Serve until nobody holds a lease, a stop signal comes or mongod can't be kept up."""
        if not self.alone:
            self._outlive_orphan()
        pauses = iter(RESTART_PAUSES)
        while not self.leaving:
            born = time.monotonic()
            code, answered = self._serve()
            if self.leaving:
                return
            if code == ADDRESS_IN_USE:
                self.folder.choose_port(self.random)
            elif not answered and code not in KILLED:
                return  # it can't start: its log says why, and whoever waits for it reads that
            if time.monotonic() - born > STEADY_SECONDS:
                pauses = iter(RESTART_PAUSES)
            pause = next(pauses, None)
            if pause is None:
                return
            time.sleep(pause)

    def _serve(self) -> tuple[int, bool]:
        """Run one mongod to its end; return its exit code and whether it ever answered."""
        port = self.folder.read_port() or self.folder.choose_port(self.random)
        command = build_command(self.mongod, self.folder.data, port)
        answered = False
        with spawn(command, sys.stdout.fileno(), self.owner.descriptor) as child:
            while child.poll() is None:
                if self._unwanted():
                    stop(child.send_signal, lambda: child.poll() is not None)
                    break
                time.sleep(TICK)
                answered = answered or (child.poll() is None and listens(port))
                self._curb_log()
            return child.wait(), answered

    def _outlive_orphan(self) -> None:
        """Look after a mongod whose supervisor was killed, until it ends."""
        while not self.owner.try_exclusive():
            if self._unwanted() or self.folder.read_port() is None:
                stop(self._signal_orphan, self.owner.try_exclusive)
                return
            time.sleep(TICK)

    def _signal_orphan(self, number: int) -> None:
        # mongod writes its pid here, and the owner's lock says that this very mongod lives.
        pid = (self.folder.data / "mongod.lock").read_text("ascii").strip()
        if pid:
            os.kill(int(pid), number)

    def _unwanted(self) -> bool:
        """Tell whether no lease is held, and then keep both locks: nobody joins what stops."""
        if not self.leaving and self.lease.try_exclusive():
            if self.start.try_exclusive():
                self.leaving = True
            else:
                self.lease.unlock()  # somebody joins right now
        return self.leaving

    def _curb_log(self) -> None:
        """Cut a log that has grown too long; everyone appends to it, so this is safe."""
        if os.fstat(sys.stdout.fileno()).st_size > LARGEST_LOG:
            os.ftruncate(sys.stdout.fileno(), 0)

    def _leave(self, number: int, frame: object) -> None:
        self.leaving = True


def stop(send: Callable[[int], None], gone: Callable[[], bool]) -> None:
    """Ask a process to end, and kill it when it doesn't in time."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            send(number)
        except ProcessLookupError:
            return
        deadline = Deadline(STOP_SECONDS)
        while not gone():
            if not deadline.pause(TICK / 10):
                break
        else:
            return


def listens(port: int) -> bool:
    """Tell whether anything accepts connections on the port."""
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
