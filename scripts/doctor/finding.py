"""What a look at one thing found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `mend` is the command that helps, where something is wrong."""

    check: str
    state: State
    found: str
    mend: str | None = None


def fine(check: str, found: str) -> Finding:
    """Say that a thing is as it should be."""
    return Finding(check, "ok", found)


def doubtful(check: str, found: str, mend: str) -> Finding:
    """Say that a thing works, but will be missed."""
    return Finding(check, "warning", found, mend)


def broken(check: str, found: str, mend: str) -> Finding:
    """Say that a thing is wrong."""
    return Finding(check, "failed", found, mend)


def is_healthy(findings: Sequence[Finding]) -> bool:
    """Tell whether nothing has failed."""
    return all(each.state != "failed" for each in findings)
