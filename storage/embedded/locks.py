"""Advisory locks that the kernel drops when their last holder dies."""

import fcntl
import os
from pathlib import Path

from .deadline import Deadline
from .errors import EmbeddedError


class LockFile:
    """One open file with at most one flock on it; processes forked later share both."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    def open(cls, path: Path) -> "LockFile":
        """Open the file, making it when it isn't there; a child program doesn't inherit it."""
        try:
            return cls(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise EmbeddedError(
                f"DATA_DIR can't be written: {path}: {error.strerror}. "
                "Set DATA_DIR to a folder of your own, or MONGODB_URI to a running MongoDB."
            ) from error

    def try_exclusive(self) -> bool:
        """Take the lock for this holder alone, unless anybody has it."""
        return self._try(fcntl.LOCK_EX)

    def try_shared(self) -> bool:
        """Take the lock beside other sharers, unless somebody has it alone."""
        return self._try(fcntl.LOCK_SH)

    def unlock(self) -> None:
        """Give the lock back, also on behalf of forked children."""
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close this process's copy; the lock ends with the last copy."""
        os.close(self.descriptor)

    def wait_exclusive(self, deadline: Deadline) -> bool:
        """Take the lock for this holder alone, or return False at the deadline."""
        while not self.try_exclusive():
            if not deadline.pause():
                return False
        return True

    def wait_shared(self, deadline: Deadline) -> bool:
        """Take the lock beside other sharers, or return False at the deadline."""
        while not self.try_shared():
            if not deadline.pause():
                return False
        return True

    def _try(self, kind: int) -> bool:
        try:
            fcntl.flock(self.descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise EmbeddedError(
                f"File locks don't work in DATA_DIR ({error.strerror}); network file systems often lack "
                "them. Set DATA_DIR to a folder on a local disk, or MONGODB_URI to a running MongoDB."
            ) from error
        return True
