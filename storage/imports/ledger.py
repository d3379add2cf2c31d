"""What was seen so far in a file: on disk, so that memory does not grow with the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

CACHE = 16 * 1024  # KiB
PORTION = 1000  # references
TABLES = (
    "CREATE TABLE claims (kind TEXT, value TEXT, claimant TEXT, place INTEGER, "
    "PRIMARY KEY (kind, value)) WITHOUT ROWID",
    # Keys without a column type: 1 and "1" are different keys.
    "CREATE TABLE rows (label TEXT, key, PRIMARY KEY (label, key)) WITHOUT ROWID",
    "CREATE TABLE wants (label TEXT, key, source TEXT, field TEXT, place INTEGER, "
    "PRIMARY KEY (label, key, source)) WITHOUT ROWID",
)
# Most rows come behind those that they refer to: only other references have to be kept.
WANT = (
    "INSERT OR IGNORE INTO wants SELECT ?1, ?2, ?3, ?4, ?5 "
    "WHERE NOT EXISTS (SELECT 1 FROM rows WHERE label = ?1 AND key = ?2)"
)
DANGLING = (
    "SELECT label, key, source, field, place FROM wants "
    "WHERE NOT EXISTS (SELECT 1 FROM rows WHERE rows.label = wants.label AND rows.key = wants.key) "
    "ORDER BY place"
)

Key = int | str


@dataclass(frozen=True, slots=True)
class Want:
    """A reference: the record at `place`, one of `source`, names a row of `label` in a field."""

    label: str
    key: Key
    source: str
    field: str
    place: int


class Ledger:
    """Values of several kinds, each with who claimed it first; rows by their keys; references to rows."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute(f"PRAGMA cache_size = -{CACHE}")
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        for table in TABLES:
            connection.execute(table)

    def claim(self, kind: str, value: str, claimant: str, place: int) -> int | None:
        """Claim a value; return the place where somebody else has claimed it, or None."""
        added = self._connection.execute(
            "INSERT OR IGNORE INTO claims VALUES (?, ?, ?, ?)", (kind, value, claimant, place)
        )
        if added.rowcount:
            return None
        query = "SELECT claimant, place FROM claims WHERE kind = ? AND value = ?"
        first, where = self._connection.execute(query, (kind, value)).fetchone()
        return None if first == claimant else int(where)

    def extend(self, kind: str, value: str, said: Mapping[str, Any], place: int) -> None:
        """Keep what rows say of a value, as JSON; of several the last one counts, field by field."""
        if self.claim(kind, value, orjson.dumps(said).decode(), place) is None:
            return
        whole = orjson.dumps({**self.said(kind, value), **said}).decode()
        change = "UPDATE claims SET claimant = ? WHERE kind = ? AND value = ?"
        self._connection.execute(change, (whole, kind, value))

    def said(self, kind: str, value: str) -> Mapping[str, Any]:
        """Return what `extend` has kept; empty where that is nothing."""
        found = self.claimant(kind, value)
        return {} if found is None else dict(orjson.loads(found))

    def claimant(self, kind: str, value: str) -> str | None:
        """Return who claimed a value first."""
        query = "SELECT claimant FROM claims WHERE kind = ? AND value = ?"
        found = self._connection.execute(query, (kind, value)).fetchone()
        return None if found is None else str(found[0])

    def define(self, label: str, keys: Iterable[Key]) -> None:
        """Note that the file has rows with these keys; doing so twice is harmless."""
        self._fill("INSERT OR IGNORE INTO rows VALUES (?, ?)", ((label, key) for key in keys))

    def want(self, wants: Iterable[Want]) -> None:
        """Note references, the first to each row that is still to come."""
        values = ((each.label, each.key, each.source, each.field, each.place) for each in wants)
        self._fill(WANT, values)

    def _fill(self, statement: str, values: Iterable[tuple[Key, ...]]) -> None:
        """Run a statement for many values as one transaction: each would be one of its own."""
        self._connection.execute("BEGIN")
        self._connection.executemany(statement, values)
        self._connection.execute("COMMIT")

    def dangling(self) -> Iterator[list[Want]]:
        """Go through the references to rows that the file does not have, in the order of the file."""
        cursor = self._connection.execute(DANGLING)
        while rows := cursor.fetchmany(PORTION):
            yield [Want(*row) for row in rows]

    def forget(self, label: str) -> None:
        """Take back what was noted of the rows of a label."""
        self._connection.execute("DELETE FROM rows WHERE label = ?", (label,))
        self._connection.execute("DELETE FROM wants WHERE source = ?", (label,))


@contextmanager
def open_ledger() -> Iterator[Ledger]:
    """Open an empty ledger in a temporary file that goes with it."""
    connection = sqlite3.connect("", isolation_level=None)  # no name: SQLite's own temporary file
    try:
        connection.execute("PRAGMA temp_store = FILE")
        yield Ledger(connection)
    finally:
        connection.close()
