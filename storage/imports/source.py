"""The file of a dump: every pass over it reads the same, and each record says where it stands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from storage.errors import StorageError
from storage.imports.record import Record


class Changed(StorageError):
    """The file is not what was checked any more."""

    def __init__(self) -> None:
        super().__init__("was changed while it was read")


@dataclass(frozen=True, slots=True)
class DumpFile:
    """A file as it was when it was looked at first."""

    path: Path
    size: int
    stamp: int

    @classmethod
    def of(cls, path: Path) -> DumpFile:
        """Look at the file; raises OSError."""
        status = path.stat()
        return cls(path, status.st_size, status.st_mtime_ns)

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open it for one pass; raises Changed, before or after the pass, and OSError."""
        with self.path.open("rb") as file:
            self._compare(file)
            yield file
            self._compare(file)

    def _compare(self, file: BinaryIO) -> None:
        status = os.fstat(file.fileno())
        if (status.st_size, status.st_mtime_ns) != (self.size, self.stamp):
            raise Changed


class Source(Protocol):
    """A file in some format; `unit` is what `Record.place` counts in it."""

    @property
    def file(self) -> DumpFile:
        """Return the file."""

    @property
    def unit(self) -> str:
        """Name what places count: line, record."""

    def records(self) -> Iterator[Record]:
        """Go through the file from its beginning; raises BadRecord, Changed, OSError."""
