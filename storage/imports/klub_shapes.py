"""Readers for what Klub's dumps hold: many of their values are texts, dates lack zeros, lists are joined."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from storage.imports.shapes import Field, Reader, flag, maybe, pk, text, whole
from storage.media import is_path

_MOMENT = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,9}))?)?"
    r"\s*(?:([Zz])|([+-])(\d{2}):?(\d{2}))?)?",
    re.ASCII,
)
WORDS = {"true": True, "false": False, "1": True, "0": False}
HIGHEST = 2**31 - 1


def blank(value: Any) -> bool:
    """Tell whether nothing is said."""
    return value is None or (isinstance(value, str) and not value.strip())


def unless_blank(read: Reader) -> Reader:
    """Let a field be null or blank."""
    return lambda value: None if blank(value) else read(value)


def moment(value: Any) -> datetime:
    """Read a moment, or a day, which begins at midnight; without a zone it is UTC."""
    found = _MOMENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"is not a time: {value!r}")
    *parts, fraction, _, sign, hours, minutes = found.groups()
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    try:
        year, month, day_, hour, minute, second = (int(part or 0) for part in parts)
        micros = int((fraction or "0").ljust(6, "0")[:6])
        zone = timezone(-offset if sign == "-" else offset)
        return datetime(year, month, day_, hour, minute, second, micros, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"is not a time: {value!r}") from None


def day(value: Any) -> str:
    """Read a day; of a moment its day."""
    found = _MOMENT.fullmatch(value.strip()) if isinstance(value, str) else None
    try:
        return date(*map(int, found.groups()[:3])).isoformat() if found else refuse_day(value)
    except ValueError:
        return refuse_day(value)


def refuse_day(value: Any) -> str:
    """Refuse what is no day."""
    raise ValueError(f"is not a date: {value!r}")


def stamp(value: Any) -> str:
    """Read a day, which stays one, or a moment, which is written in UTC."""
    if isinstance(value, str) and ":" in value:
        return moment(value).isoformat().replace("+00:00", "Z")
    return day(value)


def seconds(value: Any) -> float:
    """Read a moment into Unix seconds."""
    return moment(value).timestamp()


def micros(value: Any) -> int:
    """Read a moment into microseconds since 1970."""
    return round(moment(value).timestamp() * 1_000_000)


def count(value: Any) -> int:
    """Read a whole number or its digits."""
    number = pk(value.strip() if isinstance(value, str) else value)
    if not -HIGHEST <= number <= HIGHEST:
        raise ValueError("is too large a number")
    return number


def quantity(value: Any) -> int | float:
    """Read a number or its text; a whole one as such."""
    try:
        number = float(value) if isinstance(value, int | float | str) else float("nan")
    except (ValueError, OverflowError):
        number = float("nan")
    if isinstance(value, bool) or not abs(number) < 2**53:
        raise ValueError("is not a number")
    return int(number) if number.is_integer() else number


def truth(value: Any) -> bool:
    """Read a truth value in any spelling."""
    spelled = value.strip().lower() if isinstance(value, str) else ""
    return WORDS[spelled] if spelled in WORDS else flag(value)


def listed(read: Callable[[Any], Any]) -> Reader:
    """Read a list, or its JSON, or its parts joined by commas."""

    def read_list(value: Any) -> list[Any]:
        if blank(value):
            return []
        if isinstance(value, str):
            value = unfold(value)
        if not isinstance(value, list):
            value = [value]
        return [read(each) for each in value if not blank(each)]

    return read_list


def unfold(value: str) -> Any:
    """Return the parts of a list that is written as a text."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return [part.strip() for part in value.split(",")]


def word(value: Any) -> str:
    """Read an entry of a list."""
    return text(value).strip()


def scope(value: Any) -> str:
    """Read scopes, be they joined by blanks."""
    return " ".join(word(value).split())


def permission(value: Any) -> str:
    """Read a permission: its codename, be it in a natural key, or the digits of its key."""
    named = value[0] if isinstance(value, list) and value else value
    return word(named) if isinstance(named, str) else str(whole(pk(named)))


def path(value: Any) -> str:
    """Read a file's path below the media folder."""
    if not is_path(found := text(value)):
        raise ValueError("is no path below a folder")
    return found


LINE = Field(text, "")
OPTIONAL = Field(maybe(text), None)
COUNT = Field(unless_blank(count), None)
QUANTITY = Field(unless_blank(quantity), None)
MOMENT = Field(unless_blank(moment), None)
DAY = Field(unless_blank(day), None)
FLAG = Field(truth, False)
WORD_LIST = Field(listed(word), [])
PATH = Field(unless_blank(path), None)
