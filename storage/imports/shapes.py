"""What the fields of a row must look like: readers that return what is stored, or raise ValueError."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from storage.driver import Document, ObjectId

Reader = Callable[[Any], Any]
INT64 = range(-(2**63), 2**63)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Absent:
    """Stands for a field that may be missing, and stays so."""


@dataclass(frozen=True, slots=True)
class Field:
    """How a field is read, and what stands for a missing one; without a default it must be there.

    A reader may answer Absent: then the field goes.
    """

    read: Reader
    default: Any = ...


Shape = Mapping[str, Field]


def fit(row: Mapping[str, Any], shape: Shape) -> Document:
    """Return the row with the fields of the shape read and filled in; others stay as they came."""
    fitted = {**row, **pick(row, shape)}
    return {name: value for name, value in fitted.items() if value is not Absent}


def pick(row: Mapping[str, Any], shape: Shape) -> Document:
    """Return the fields of the shape alone, read and filled in."""
    picked: Document = {}
    for name, field in shape.items():
        if name in row:
            picked[name] = read_field(name, field.read, row[name])
        elif field.default is ...:
            raise ValueError(f"{name} is missing")
        else:
            picked[name] = copy.copy(field.default)
    return picked


def read_field(name: str, read: Reader, value: Any) -> Any:
    """Read one value; the ValueError of its reader begins with the field's name."""
    try:
        return read(value)
    except ValueError as error:
        raise ValueError(f"{name} {error}") from error


def string(longest: int | None = None) -> Reader:
    """Read a text that may be empty, but not null, of so many characters at most."""

    def read_string(value: Any) -> str:
        if value is None:
            raise ValueError("is null")
        if longest is not None and len(found := text(value)) > longest:
            raise ValueError(f"is longer than {longest} characters: it has {len(found)}")
        return text(value)

    return read_string


def key(longest: int) -> Reader:
    """Read a secret or a pk that is a text: visible characters, and some."""

    def read_key(value: Any) -> str:
        if not isinstance(value, str) or re.fullmatch(r"[!-~]+", value) is None or len(value) > longest:
            raise ValueError(f"is not a text of 1 to {longest} visible ASCII characters")
        return value

    return read_key


def text(value: Any) -> str:
    """Read a text; nothing is an empty one, and a whole number its digits."""
    if value is None:
        return ""
    if is_whole(value):
        return str(int(value))
    if not isinstance(value, str):
        raise ValueError("is not a text")
    if "\0" in value:
        raise ValueError("has a NUL")
    return value


def whole(value: Any) -> int:
    """Read a whole number of at most 64 bits."""
    if not is_whole(value) or int(value) not in INT64:
        raise ValueError("is not a whole number")
    return int(value)


def pk(value: Any) -> int:
    """Read the number of a row; some dumps write its digits."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,19}", value):
        value = int(value)
    return whole(value)


def is_whole(value: Any) -> bool:
    """Tell whether it is a whole number; JavaScript has only floats, which mongoexport writes as 3.0."""
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


def number(value: Any) -> int | float:
    """Read a number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise ValueError("is not a number")
    return value


def moment(value: Any) -> float:
    """Read a moment in Unix seconds; a date is turned into them."""
    return value.timestamp() if isinstance(value, datetime) else float(number(value))


def second(value: Any) -> int:
    """Read a moment in whole Unix seconds."""
    return int(moment(value))


def instant(value: Any) -> int:
    """Read a moment in ISO 8601 into microseconds since 1970; without an offset it is UTC."""
    if not isinstance(value, str):
        raise ValueError("is not a time")
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"is not a time: {value!r}") from None
    return ((read if read.tzinfo else read.replace(tzinfo=UTC)) - EPOCH) // timedelta(microseconds=1)


def since_epoch(value: Any) -> float:
    """Read a moment in ISO 8601 into Unix seconds."""
    return instant(value) / 1_000_000


def date(value: Any) -> datetime:
    """Read a date of the database."""
    if not isinstance(value, datetime):
        raise ValueError("is not a date")
    return value


def flag(value: Any) -> bool:
    """Read a truth value; nothing and an empty text are false."""
    if value is None or value == "":
        return False
    if isinstance(value, bool) or (is_whole(value) and value in {0, 1}):
        return bool(value)
    raise ValueError("is neither true nor false")


def reference(value: Any) -> ObjectId:
    """Read the `_id` of another document."""
    if not isinstance(value, ObjectId):
        raise ValueError("is not an ObjectId")
    return value


def maybe(read: Reader) -> Reader:
    """Let a field be null."""
    return lambda value: None if value is None else read(value)


def each(read: Reader) -> Reader:
    """Read a list."""

    def read_list(values: Any) -> list[Any]:
        if not isinstance(values, list):
            raise ValueError("is not a list")
        return [read(value) for value in values]

    return read_list


def table(read: Reader) -> Reader:
    """Read an object of like values."""

    def read_table(values: Any) -> Document:
        if not isinstance(values, dict):
            raise ValueError("is not an object")
        return {name: read(value) for name, value in values.items()}

    return read_table


def entry(shape: Shape) -> Reader:
    """Read an object of a shape of its own."""

    def read_entry(value: Any) -> Document:
        if not isinstance(value, dict):
            raise ValueError("is not an object")
        return fit(value, shape)

    return read_entry


def anything(value: Any) -> Any:
    """Take a value as it is."""
    return value
