"""How mongod is started."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from .folder import LOOPBACK

REPLICA_SET = "folkmoot"
PR_SET_PDEATHSIG = 1

# A client that is killed leaves its transaction open, and whoever needs the same document is refused until
# the server reaps it; mongod's own limit of 60 s would block a poll for more than a minute.
TRANSACTION_SECONDS = 3


def build_command(mongod: Path, data: Path, port: int) -> list[str]:
    """Return the command line of a light one-member replica set that only this machine reaches."""
    return [
        str(mongod),
        *("--dbpath", str(data), "--replSet", REPLICA_SET, "--bind_ip", LOOPBACK, "--port", str(port)),
        *("--quiet", "--nounixsocket", "--oplogSize", "512", "--wiredTigerCacheSizeGB", "1"),
        *("--setParameter", f"transactionLifetimeLimitSeconds={TRANSACTION_SECONDS}"),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
    ]


def spawn(command: list[str], log: int, owner: int) -> subprocess.Popen[bytes]:
    """Start mongod with its words going to the log; it keeps the owner's lock and ends with this process."""
    return subprocess.Popen(  # noqa: S603 - the supervisor has one thread, so code before exec is safe
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        pass_fds=(owner,),
        preexec_fn=_tie(os.getpid()) if sys.platform == "linux" else None,  # noqa: PLW1509 - one thread
    )


def _tie(parent: int) -> Callable[[], None]:
    """Have the kernel stop mongod when the supervisor dies; elsewhere the next start adopts what is left."""
    prctl = ctypes.CDLL(None).prctl

    def tie() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the kernel was asked
            os._exit(1)

    return tie
