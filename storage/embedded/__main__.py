"""The supervisor's process: `python -m storage.embedded DATA_DIR MONGOD LOCK_DESCRIPTOR`."""

import sys
from pathlib import Path

from .folder import Folder
from .locks import LockFile
from .supervisor import Supervisor

if __name__ == "__main__":
    root, mongod, descriptor = sys.argv[1:]
    Supervisor(Folder(Path(root)), Path(mongod), LockFile(int(descriptor))).detach()
