"""What has to be there before anything else can be loaded: Python and the packages.

Only the standard library is used here, since nothing else may be installed.
"""

from __future__ import annotations

import importlib.metadata
import operator
import platform
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.doctor.finding import Finding, broken, fine

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements.txt"
OLDEST = (3, 11)
PIN = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)\s*(?:;\s*(.+))?")
TERM = re.compile(r"(sys_platform|platform_machine)\s*(==|!=)\s*\"([^\"]*)\"")


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
        return broken("packages", "; ".join(wrong), choose_mend(requirements))
    return fine("packages", f"{total} as pinned in {requirements.name}")


def choose_mend(requirements: Path) -> str:
    """Say how packages come; a Python without an environment of its own leaves them to .venv."""
    if sys.prefix != sys.base_prefix:
        return f"{sys.executable} -m pip install -r {requirements}"
    if (ROOT / ".venv" / "bin" / "python").exists():
        return f"cd {ROOT} && .venv/bin/python -m scripts.doctor  # this Python is not that of the server"
    return f"cd {ROOT} && ./scripts/serve  # makes .venv and installs them there"


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
