"""Reads the values of filters: text as it comes, everything else checked; raises Malformed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, TypeVar

from handlers.comics.errors import MISMATCH
from handlers.comics.fields import CALENDAR, CLOCK, Field
from handlers.core.body import LARGEST
from handlers.core.errors import Malformed
from storage.comics.calendar import SECOND, microseconds
from storage.comics.conditions import TEXTUAL, Kind, Lookup, Value

V = TypeVar("V", str, int)
TRUE, FALSE = frozenset({"true", "True", "t", "1"}), frozenset({"false", "False", "f", "0"})
MINUTE = 60 * SECOND
_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,40}\s*", re.ASCII)
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)
_CLOCK = r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,12}))?)?"
_TIME_OF_DAY = re.compile(_CLOCK, re.ASCII)
_TIME = re.compile(
    rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})[T ]{_CLOCK}(?:Z|([+\- ])([0-9]{{2}}):?([0-9]{{2}}))?", re.ASCII
)


def read_value(field: Field, lookup: Lookup, given: Sequence[str]) -> Value:
    """Read what a parameter gives, all its values in their order."""
    if any("\0" in each for each in given):
        raise Malformed(f"The value for the '{field.name}' filter holds a NUL character.")
    assert field.kind is not None
    if lookup is Lookup.ISNULL:
        return read_boolean(given[-1])
    if lookup in TEXTUAL:
        return given[-1]
    if field.kind is Kind.BOOLEAN:
        return read_boolean(given[-1])
    reader: Callable[[str], Any] = reader_of(field.kind, lookup)
    if lookup is Lookup.IN:
        return tuple(map(reader, split(given))) if any(given) else ()
    if lookup is Lookup.RANGE:
        return read_range(field, reader, split(given))
    value: Value = reader(given[-1])
    return value


def reader_of(kind: Kind, lookup: Lookup) -> Callable[[str], Any]:
    """Return what reads one value."""
    if lookup in CALENDAR | CLOCK:
        return read_integer
    if lookup is Lookup.TIME:
        return read_time_of_day
    if lookup is Lookup.DATE or kind is Kind.DATE:
        return read_date
    if kind is Kind.TEXT:
        return str
    return read_time if kind is Kind.TIME else read_integer


def split(given: Sequence[str]) -> list[str]:
    """Split comma lists and join what was given several times."""
    return [part for each in given for part in each.split(",")]


def read_range(field: Field, reader: Callable[[str], V], parts: Sequence[str]) -> tuple[V, ...]:
    """Read the two ends of a range."""
    if len(parts) != 2:
        raise Malformed(f"The 'range' filter on the '{field.name}' field takes exactly two values.")
    return tuple(map(reader, parts))


def read_integer(text: str) -> int:
    """Read a whole number of 64 bits."""
    if _NUMBER.fullmatch(text) is None or not -LARGEST - 1 <= int(text) <= LARGEST:
        raise Malformed(MISMATCH)
    return int(text)


def read_boolean(text: str) -> bool:
    """Read yes or no."""
    if text not in TRUE | FALSE:
        raise Malformed(f"'{text}' is neither true nor false.")
    return text in TRUE


def read_date(text: str) -> str:
    """Read a day of the calendar."""
    found = _DATE.fullmatch(text)
    try:
        if found is not None:
            return date(*map(int, found.groups())).isoformat()
    except ValueError:
        pass
    raise Malformed(f"'{text}' is not a date of the form YYYY-MM-DD.")


def read_time(text: str) -> int:
    """Read a moment, or a day's midnight, as microseconds since 1970; without a zone it is UTC."""
    found = _TIME.fullmatch(text)
    if found is None:
        return midnight(read_date(text))
    day, hours, minutes, seconds, fraction, sign, *offset = found.groups()
    moment = midnight(read_date(day)) + time_of_day(text, hours, minutes, seconds, fraction)
    if sign is None:
        return moment
    ahead = (int(offset[0]) * 60 + int(offset[1])) * MINUTE
    if ahead >= 24 * 60 * MINUTE or int(offset[1]) > 59:
        raise refuse_time(text)
    return moment + ahead if sign == "-" else moment - ahead


def read_time_of_day(text: str) -> int:
    """Read a time of day as microseconds since midnight."""
    found = _TIME_OF_DAY.fullmatch(text)
    if found is None:
        raise refuse_time(text)
    return time_of_day(text, *found.groups())


def midnight(day: str) -> int:
    """Return the microseconds from 1970 to the beginning of a day."""
    return microseconds(date.fromisoformat(day))


def time_of_day(text: str, hours: str, minutes: str, seconds: str | None, fraction: str | None) -> int:
    """Return microseconds since midnight; what is finer is cut off."""
    if int(hours) > 23 or int(minutes) > 59 or int(seconds or 0) > 59:
        raise refuse_time(text)
    whole = (int(hours) * 60 + int(minutes)) * MINUTE + int(seconds or 0) * SECOND
    return whole + int((fraction or "")[:6].ljust(6, "0"))


def refuse_time(text: str) -> Malformed:
    """Refuse what is no time."""
    return Malformed(f"'{text}' is not a time such as 2012-10-08T04:03:56.411028+00:00.")
