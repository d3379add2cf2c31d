"""Who holds a lease: one run of one process, told apart from its namesakes on the same machine."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from storage.driver import Document


@dataclass(frozen=True, slots=True)
class Owner:
    """One process: where it runs, since which boot, its number and when it began (numbers are reused)."""

    machine: str
    boot: str
    process: int
    began: str

    @classmethod
    def current(cls) -> Self:
        """Describe this process."""
        return cls(machine_name(), boot_id(), os.getpid(), began(os.getpid()) or "")

    @classmethod
    def from_document(cls, row: Document) -> Self:
        """Read what `document` wrote."""
        return cls(row["machine"], row["boot"], row["process"], row["began"])

    def document(self) -> Document:
        """Return the stored form; two owners are equal when these are."""
        return asdict(self)

    def is_dead(self, witness: Owner) -> bool:
        """Tell whether `witness`, a process of the same machine, can be sure that this one has ended."""
        if self.machine != witness.machine:
            return False
        return self.boot != witness.boot or began(self.process) != self.began


def machine_name() -> str:
    """Name the machine; containers that share a host name but not their process numbers differ."""
    try:
        numbers = os.readlink("/proc/self/ns/pid")
    except OSError:
        numbers = ""
    return f"{platform.node()} {numbers}".rstrip()


def boot_id() -> str:
    """Return what changes with every boot, or an empty text where the system does not tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def began(process: int) -> str | None:
    """Return when a process began, None when there is none; "" where that can't be found out.

    Where only its existence can be asked for, a living namesake counts as the same process: then
    the lease has to run out, which is late but never wrong.
    """
    if sys.platform == "linux":
        try:
            # The name in brackets may hold blanks; the start time is the 20th word behind it.
            stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        state, *rest = stat.rpartition(")")[2].split()
        return None if state in "ZX" else rest[18]
    return "" if exists(process) else None


def exists(process: int) -> bool:
    """Tell whether a process number is in use; Windows has no harmless way to ask, so there it always is."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
