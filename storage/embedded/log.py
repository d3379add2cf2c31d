"""What mongod's log says about a failed start."""

import json
from pathlib import Path
from typing import Any

LONGEST = 400
SENTENCES = ("msg", "errmsg", "error_str", "message", "error", "reason")


def find_cause(log: Path) -> str | None:
    """Return the first error that the log tells, shortened for a message, or None when it tells none."""
    try:
        lines = log.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    plain = None
    for line in lines:
        entry = _parse(line)
        if entry is None:
            plain = line if line.strip() else plain
        elif entry.get("s") in ("E", "F"):
            # The first, because what follows (fassert, stack) are consequences.
            return _shorten(f"{entry.get('msg')}: {_detail(entry.get('attr'))}")
    # The dynamic linker, the option parser and the supervisor don't use mongod's logger.
    return _shorten(plain) if plain else None


def _parse(line: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def _detail(facts: object) -> str:
    """Dig for the sentence among the facts: its key and depth differ from message to message."""
    if not isinstance(facts, dict):
        return str(facts)
    sentences = [_detail(facts[key]) for key in SENTENCES if key in facts]
    return " ".join(sentences) if sentences else json.dumps(facts)


def _shorten(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + " …"
