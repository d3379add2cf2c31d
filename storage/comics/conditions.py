"""What a list may be narrowed by, in the words of the catalogue; no database in here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a field holds, which decides what its lookups mean."""

    TEXT = "text"
    INTEGER = "integer"
    DATE = "date"  # stored as text, YYYY-MM-DD
    TIME = "time"  # stored as microseconds since 1970, UTC
    RELATION = "relation"  # the id of something else
    BOOLEAN = "boolean"


class Lookup(StrEnum):
    """How a field is compared with a value."""

    EXACT = "exact"
    IEXACT = "iexact"
    CONTAINS = "contains"
    ICONTAINS = "icontains"
    STARTSWITH = "startswith"
    ISTARTSWITH = "istartswith"
    ENDSWITH = "endswith"
    IENDSWITH = "iendswith"
    REGEX = "regex"
    IREGEX = "iregex"
    IN = "in"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    RANGE = "range"
    ISNULL = "isnull"
    YEAR = "year"
    ISO_YEAR = "iso_year"
    MONTH = "month"
    DAY = "day"
    QUARTER = "quarter"
    WEEK = "week"
    WEEK_DAY = "week_day"
    ISO_WEEK_DAY = "iso_week_day"
    DATE = "date"
    TIME = "time"
    HOUR = "hour"
    MINUTE = "minute"
    SECOND = "second"


# These compare with the text form of a field, whatever it holds.
TEXTUAL = frozenset(
    {
        *(Lookup.IEXACT, Lookup.CONTAINS, Lookup.ICONTAINS, Lookup.STARTSWITH, Lookup.ISTARTSWITH),
        *(Lookup.ENDSWITH, Lookup.IENDSWITH, Lookup.REGEX, Lookup.IREGEX),
    }
)

Value = str | int | bool | tuple[str, ...] | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison; `field` is the stored name.

    A date is `YYYY-MM-DD`, a time int64 microseconds since 1970 UTC, a time of day microseconds since
    midnight; the textual lookups take text on every kind.
    """

    field: str
    kind: Kind
    lookup: Lookup
    value: Value


@dataclass(frozen=True, slots=True)
class Selection:
    """All conditions of one list; every one must hold."""

    own: tuple[Condition, ...] = ()  # on the listed object itself
    comic: tuple[Condition, ...] = ()  # on the comic that it belongs to
    image: tuple[Condition, ...] = ()  # for one and the same image of the release
    subscribed: bool | None = None


EVERYTHING = Selection()
