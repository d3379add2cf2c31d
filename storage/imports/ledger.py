"""What was seen so far in a file: on disk, so that memory does not grow with the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

CACHE = 16 * 1024  # KiB


class Ledger:
    """Values of several kinds, each with who claimed it first."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute(f"PRAGMA cache_size = -{CACHE}")
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(
            "CREATE TABLE claims (kind TEXT, value TEXT, claimant TEXT, place INTEGER, "
            "PRIMARY KEY (kind, value)) WITHOUT ROWID"
        )

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


@contextmanager
def open_ledger() -> Iterator[Ledger]:
    """Open an empty ledger in a temporary file that goes with it."""
    connection = sqlite3.connect("", isolation_level=None)  # no name: SQLite's own temporary file
    try:
        connection.execute("PRAGMA temp_store = FILE")
        yield Ledger(connection)
    finally:
        connection.close()
