"""A user's share in the embedded MongoDB, and how it is got."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from .binary import find_mongod
from .deadline import Deadline
from .errors import EmbeddedError
from .folder import Folder
from .locks import LockFile
from .log import find_cause
from .member import Member
from .mongod import REPLICA_SET

LAUNCHES = 3


class Lease:
    """Keeps mongod running until `release` or the end of the process, however that comes.

    A forked child shares its parent's lease: mongod stays until the parent and all such children have
    released it or died. Programs started by exec don't inherit it.
    """

    def __init__(self, folder: Folder, mongod: str | None, lock: LockFile, host: str) -> None:
        # No directConnection: only a client that knows the set waits for the primary after a restart.
        self.uri = f"mongodb://{host}/?replicaSet={REPLICA_SET}"
        self._folder = folder
        self._mongod = mongod
        self._lock: LockFile | None = lock

    def mend(self) -> bool:
        """Start a new supervisor if the last was killed, and tell whether that was so.

        Meant for a timer of a second or so: it takes microseconds when all is well, some 50 ms when not,
        and doesn't wait for mongod. The port stays the same, so clients recover by themselves.
        """
        return self._lock is not None and launch(self._folder, self._mongod)

    def release(self) -> None:
        """Give the share back; doing it again changes nothing."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> "Lease":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def join(data_dir: Path, mongod: str | None = None, *, patience: float = 60.0) -> Lease:
    """Share the mongod of the folder, starting it when none runs; return once it can be written.

    Blocks for up to `patience` seconds. Any number of processes may call it at once, and one process
    several times: each lease counts.
    """
    folder = Folder(data_dir.expanduser().resolve())
    folder.prepare()
    deadline = Deadline(patience)
    lease = LockFile.open(folder.lock("lease"))
    try:
        with _turn(folder, deadline):
            if not lease.wait_shared(deadline):
                raise EmbeddedError(
                    f"{folder.lock('lease')} stays locked by another program. End that program."
                )
            member = _reach(folder, mongod, deadline)
    except BaseException:
        lease.close()
        raise
    return Lease(folder, mongod, lease, member.host)


@contextmanager
def _turn(folder: Folder, deadline: Deadline) -> Iterator[None]:
    """Keep other joiners and a leaving supervisor out."""
    start = LockFile.open(folder.lock("start"))
    try:
        if not start.wait_exclusive(deadline):
            raise EmbeddedError(
                f"Another start over {folder.root} hasn't ended within {deadline.seconds:g} s. "
                f"Look into {folder.log}, or try again later."
            )
        try:
            yield
        finally:
            start.unlock()  # a child forked meanwhile must not keep it
    finally:
        start.close()


def _reach(folder: Folder, mongod: str | None, deadline: Deadline) -> Member:
    """Return the writable member, launching a supervisor when there is none."""
    launches = 0
    while True:
        if launch(folder, mongod, again=launches > 0):
            launches += 1
        port = folder.read_port()
        if port is not None:
            member = Member(port, folder.data)
            if member.settle():
                return member
        if launches > LAUNCHES or not deadline.pause():
            raise _failure(folder, f"didn't become writable within {deadline.seconds:g} s")


def launch(folder: Folder, mongod: str | None, *, again: bool = False) -> bool:
    """Start a supervisor unless one lives; a second try fails when the log says why the first one ended."""
    lock = LockFile.open(folder.lock("supervisor"))
    try:
        if not lock.try_exclusive():
            return False
        if again and find_cause(folder.log):
            raise _failure(folder, "can't start")
        folder.check()
        _run_supervisor(folder, find_mongod(mongod), lock)
        return True
    finally:
        lock.close()


def _run_supervisor(folder: Folder, mongod: Path, lock: LockFile) -> None:
    """Return when the supervisor has detached itself, so that it is nobody's child; it keeps the lock."""
    started = subprocess.run(  # noqa: S603 - our own interpreter and package
        [sys.executable, "-E", "-m", "storage.embedded", str(folder.root), str(mongod), str(lock.descriptor)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        pass_fds=(lock.descriptor,),
        check=False,
    )
    if started.returncode:
        reason = started.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise EmbeddedError(
            f"MongoDB's supervisor can't start over {folder.root}: {reason}. "
            "Check DATA_DIR, or set MONGODB_URI to a running MongoDB."
        )


def _failure(folder: Folder, what: str) -> EmbeddedError:
    cause = find_cause(folder.log) or "its log names no error"
    return EmbeddedError(
        f'MongoDB {what} over {folder.data}: "{cause}" ({folder.log}). Nothing was deleted: '
        "restore the folder from a backup, set MONGOD to the version that wrote it, "
        "or choose another DATA_DIR or MONGODB_URI."
    )
