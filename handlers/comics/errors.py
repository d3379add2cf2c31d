"""This dialect's own refusals: the texts that clients know."""

from __future__ import annotations

from handlers.core.errors import ApiError, Malformed, Unauthenticated

CANNED = "Sorry, this request could not be processed. Please try again later."
MISMATCH = "Invalid resource lookup data provided (mismatched type)."
INVALID_JSON = "Request is not valid JSON."
NO_COMIC = "The 'comic' field has no data and doesn't allow a default or null value."


class Regretted(ApiError):
    """A refusal without a reason that clients could use; the status is deliberate."""

    def __init__(self, status: int) -> None:
        super().__init__(CANNED)
        self.status = status


class Unidentified(Unauthenticated):
    """Nobody with an account calls."""

    status = 401


def refuse_filtering(part: str) -> Malformed:
    """Refuse what is no filterable field."""
    return Malformed(f"The '{part}' field does not allow filtering.")


def refuse_lookup(lookup: str, field: str) -> Malformed:
    """Refuse a lookup that the field does not have."""
    return Malformed(f"'{lookup}' is not an allowed filter on the '{field}' field.")


def refuse_relation(field: str) -> Malformed:
    """Refuse to go on behind a field that leads nowhere."""
    return Malformed(f"The '{field}' field does not support relations.")
