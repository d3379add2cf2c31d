"""The MongoDB that Folkmoot brings along: one real mongod, a one-member replica set, per DATA_DIR.

Three kinds of process meet in the folder, and only file locks (flock) tell them of each other, because
the kernel drops those however a process dies. No pid file exists that could go stale.

- A user (server, script, test) holds `lease.lock` shared for as long as it needs the database.
- The supervisor (`python -m storage.embedded`, its own session) holds `supervisor.lock`. It starts mongod,
  restarts it after a crash and stops it when nobody holds a lease any more.
- mongod inherits `owner.lock` from the supervisor, so that lock is free only when both are gone.

`start.lock` lets one user at a time look for the mongod or start it. The port is kept in `mongo.port`.
This package starts as the supervisor too: at import it needs the standard library alone.
"""

from .binary import find_mongod
from .errors import EmbeddedError, WrongProgram
from .lease import Lease, join

__all__ = ["EmbeddedError", "Lease", "WrongProgram", "find_mongod", "join"]
