"""What a store can refuse, as facts; the dialects put them into words.

StorageError
├── NotFound          the thing asked for does not exist
│   └── Departed      the person was deleted while the call ran
├── Taken             a unique value already belongs to somebody else
├── Rejected          a value that the stored things do not allow (an option that a poll lacks)
├── Busy              the database could not take the write in time; worth another try
└── Exhausted         a rate limit's window is used up
"""

from __future__ import annotations


class StorageError(Exception):
    """Base of everything that a store refuses."""


class NotFound(StorageError):
    """Nothing is stored under the key."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Departed(NotFound):
    """The person on whose behalf something was to be written is deleted or deactivated."""

    def __init__(self) -> None:
        super().__init__("account")


class Taken(StorageError):
    """A value that must be unique belongs to something else."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Rejected(StorageError):
    """The value of a field does not fit what is stored."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class Busy(StorageError):
    """The write kept meeting others'; `retry_after` is in whole seconds."""

    def __init__(self, retry_after: int = 1) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


class Exhausted(StorageError):
    """A rate limit's window is used up; `retry_after` is in whole seconds, at least 1."""

    def __init__(self, limit: str, retry_after: int) -> None:
        super().__init__(f"{limit}: retry after {retry_after} s")
        self.limit = limit
        self.retry_after = retry_after
