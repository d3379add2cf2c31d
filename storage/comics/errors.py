"""What the catalogue can refuse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from storage.driver import OperationFailure
from storage.errors import StorageError

TIME_OVER = 50
# A pattern of a query, one of an expression, one that is too long, one that the engine gave up on.
REFUSED_PATTERN = frozenset({51091, 51111, 51156})


class Slow(StorageError):
    """A list took longer than its readers may wait."""


class BadPattern(StorageError):
    """The database does not understand a regular expression."""


@contextmanager
def refusals() -> Iterator[None]:
    """Turn the database's words for a slow query and a bad pattern into ours."""
    try:
        yield
    except OperationFailure as error:
        if error.code == TIME_OVER:
            raise Slow from error
        if error.code in REFUSED_PATTERN:
            raise BadPattern from error
        raise
