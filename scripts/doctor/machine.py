"""What the machine has: Python, packages, open files, disk."""

from __future__ import annotations

import importlib.metadata
import operator
import platform
import re
import resource
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from handlers.core.surroundings import HEADROOM
from scripts.doctor.finding import Finding, broken, doubtful, fine
from settings import Settings

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements.txt"
OLDEST = (3, 11)
PIN = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)\s*(?:;\s*(.+))?")
TERM = re.compile(r"(sys_platform|platform_machine)\s*(==|!=)\s*\"([^\"]*)\"")
GIB = 1 << 30
LITTLE, TOO_LITTLE = 5 * GIB, GIB // 2  # free bytes: MongoDB refuses writes when nothing is left


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """Look at the interpreter."""
    words = f"Python {'.'.join(map(str, version))}"
    if version >= OLDEST:
        return fine("python", words)
    mend = "PYTHON=/path/to/python3.11 ./scripts/serve  # after: rm -r .venv"
    return broken("python", f"{words}; 3.11 or later is needed", mend)


def check_packages(requirements: Path = REQUIREMENTS) -> Finding:
    """Hold what is installed against the pins."""
    wrong, total = [], 0
    for name, wanted in read_pins(requirements):
        total += 1
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{name} is missing")
            continue
        if found != wanted:
            wrong.append(f"{name} is {found}, not {wanted}")
    if wrong:
        return broken("packages", "; ".join(wrong), f"{sys.executable} -m pip install -r {requirements}")
    return fine("packages", f"{total} as pinned in {requirements.name}")


def read_pins(requirements: Path) -> Iterator[tuple[str, str]]:
    """Yield names and versions of the pins that count on this platform."""
    for line in requirements.read_text(encoding="utf-8").splitlines():
        found = PIN.match(line.strip())
        if found is not None and (found[3] is None or applies(found[3])):
            yield found[1], found[2]


def applies(marker: str) -> bool:
    """Judge a marker as far as the pins use them: terms about the platform, joined by and and or."""
    here = {"sys_platform": sys.platform, "platform_machine": platform.machine()}
    compare = {"==": operator.eq, "!=": operator.ne}

    def holds(term: str) -> bool:
        found = TERM.fullmatch(term.strip())
        return found is None or compare[found[2]](here[found[1]], found[3])

    return any(all(holds(term) for term in part.split(" and ")) for part in marker.split(" or "))


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
