"""What the machine has: open files, disk."""

from __future__ import annotations

import resource
import shutil
from pathlib import Path

from handlers.core.surroundings import HEADROOM
from scripts.doctor.finding import Finding, broken, doubtful, fine
from settings import Settings

GIB = 1 << 30
LITTLE, TOO_LITTLE = 5 * GIB, GIB // 2  # free bytes: MongoDB refuses writes when nothing is left


def check_files(settings: Settings) -> Finding:
    """Hold the limit of open files against the sockets that one process may have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.max_connections + HEADROOM
    if hard == resource.RLIM_INFINITY or hard >= wanted:
        return fine("open files", f"{hard} allowed, {wanted} needed for MAX_CONNECTIONS")
    found = f"{hard} allowed, MAX_CONNECTIONS={settings.max_connections} needs {wanted}"
    if hard <= HEADROOM:
        return broken("open files", found, f"ulimit -Hn {wanted}  # as root, before the start")
    mend = f"MAX_CONNECTIONS={hard - HEADROOM}  # in .env; or, as root: ulimit -Hn {wanted}"
    return doubtful("open files", found, mend)


def check_disk(settings: Settings) -> Finding:
    """Look at the space that is left where the data is."""
    place = existing(settings.data_dir)
    free = shutil.disk_usage(place).free
    words = f"{free / GIB:.1f} GiB free at {place}"
    mend = f"du -xh --max-depth=1 {place} | sort -h  # and make room, or set DATA_DIR"
    if free < TOO_LITTLE:
        return broken("disk", words, mend)
    return fine("disk", words) if free >= LITTLE else doubtful("disk", words, mend)


def existing(path: Path) -> Path:
    """Return the path, or the nearest folder above it that exists."""
    path = path.expanduser().resolve()
    return next(each for each in (path, *path.parents) if each.exists())
