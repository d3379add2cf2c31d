"""What the embedded MongoDB keeps in DATA_DIR."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from random import Random

from .errors import EmbeddedError

LOOPBACK = "127.0.0.1"
# Below the range that outgoing connections get on Linux and macOS: the port stays free for next time.
PORTS = range(20000, 30000)


@dataclass(frozen=True)
class Folder:
    """The files of one DATA_DIR; the path is absolute and resolved."""

    root: Path

    @property
    def data(self) -> Path:
        """Where mongod keeps the database."""
        return self.root / "mongo"

    @property
    def log(self) -> Path:
        """What mongod and its supervisor say."""
        return self.root / "mongo.log"

    @property
    def port_file(self) -> Path:
        """The port of the mongod that runs or ran last."""
        return self.root / "mongo.port"

    def lock(self, name: str) -> Path:
        """Name one of the lock files: start, lease, supervisor or owner."""
        return self.root / f"{name}.lock"

    def prepare(self) -> None:
        """Make the folders, for their owner only."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.data.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise EmbeddedError(
                f"DATA_DIR can't be made: {error.filename}: {error.strerror}. "
                "Set DATA_DIR to a folder of your own, or MONGODB_URI to a running MongoDB."
            ) from error

    def check(self) -> None:
        """Refuse data without its directory: mongod would start an empty database beside it."""
        if not (self.data / "_mdb_catalog.wt").exists():
            return
        for name in ("WiredTiger", "WiredTiger.wt", "WiredTiger.turtle", "storage.bson"):
            if not (self.data / name).exists():
                raise EmbeddedError(
                    f"The database in {self.data} is damaged: its file {name} is missing. Nothing was "
                    "changed. Restore the folder from a backup, or move it away to start with an empty one."
                )

    def read_port(self) -> int | None:
        """Return the kept port, or None when there is none or the file is half written."""
        try:
            port = int(self.port_file.read_text("ascii"))
        except (OSError, ValueError):
            return None
        return port if 1024 <= port <= 65535 else None

    def choose_port(self, random: Random) -> int:
        """Return the kept port when it is free, else keep a new free one."""
        port = self.read_port()
        while port is None or not is_free(port):
            port = random.choice(PORTS)
        self._keep(port)
        return port

    def rotate_log(self) -> None:
        """Begin a new log and keep only the one before it."""
        if self.log.exists():
            os.replace(self.log, self.log.with_suffix(".log.old"))

    def _keep(self, port: int) -> None:
        fresh = self.port_file.with_suffix(".port.new")
        fresh.write_text(f"{port}\n", "ascii")
        os.replace(fresh, self.port_file)


def is_free(port: int) -> bool:
    """Tell whether a server could listen on the port of this machine's loopback."""
    with socket.socket() as probe:
        # As mongod does: connections that linger in TIME_WAIT don't keep the port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
