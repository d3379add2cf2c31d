"""A record of a dump, what is wrong with one, and what became of many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from storage.errors import StorageError
from storage.imports.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Record:
    """A row of a dump; `place` is the number of its line or record in the file, `size` its bytes there."""

    place: int
    row: Mapping[str, Any] = field(repr=False)
    size: int
    label: str


class BadRecord(StorageError):
    """A record that can't be taken; nothing of its file is."""

    def __init__(self, place: int, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason


class blame:  # noqa: N801  reads as a verb; a generator would cost more than most of what it guards
    """Turns the ValueError of a reader into a refusal of the record."""

    __slots__ = ("_record",)

    def __init__(self, record: Record) -> None:
        self._record = record

    def __enter__(self) -> None:
        """Begin to look."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Refuse the record if a reader did."""
        if isinstance(error, ValueError):
            raise BadRecord(self._record.place, str(error)) from error


@dataclass(slots=True)
class Outcome:
    """How many rows of each label were taken, and how many were left out for which reason."""

    imported: Counter[str] = field(default_factory=Counter)
    skipped: Counter[tuple[str, str]] = field(default_factory=Counter)

    def take(self, label: str, rows: int = 1) -> None:
        """Count rows as taken, be they new or not."""
        self.imported[label] += rows

    def skip(self, label: str, reason: str, rows: int = 1) -> None:
        """Count rows as left out."""
        self.skipped[label, reason] += rows

    def add(self, other: Outcome) -> None:
        """Add what became of other rows."""
        self.imported.update(other.imported)
        self.skipped.update(other.skipped)

    def summary(self) -> dict[str, Any]:
        """Return what people are told; labels without rows have no entry."""
        return {
            "imported": {label: rows for label, rows in self.imported.items() if rows},
            "skipped": [
                {"model": label, "count": count, "reason": reason}
                for (label, reason), count in self.skipped.items()
            ],
        }


class Loader(Protocol):
    """Takes the records of one label, batch by batch."""

    @property
    def label(self) -> str:
        """Name the records, as the counts do."""

    async def check(self, records: Sequence[Record], ledger: Ledger) -> Outcome:
        """Find what is wrong, changing nothing; raises BadRecord. The ledger lasts for one file."""

    async def write(self, records: Sequence[Record]) -> Outcome:
        """Store checked records, each row under its key, so that a second time changes nothing."""

    async def finish(self) -> None:
        """Bring up to date what is derived from the records."""


Progress = Callable[[int, int], None]
