"""Moments and days as bodies, queries and answers of Klub have them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from handlers.core.rest.fields import refuse

NOT_MOMENT = (
    "Datetime has wrong format. Use one of these formats instead: "
    "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)
NOT_DAY = "Date has wrong format. Use one of these formats instead: YYYY-MM-DD."

_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_MOMENT = re.compile(
    rf"{_DAY.pattern}[T ](\d{{1,2}}):(\d{{2}})(?::(\d{{2}})(?:[.,](\d{{1,6}})\d*)?)?\s*"
    r"(?:[Zz]|([+-])(\d{2}):?(\d{2})?)?",
    re.ASCII,
)


def to_moment(value: Any) -> datetime | None:
    """Read a moment, which without a zone is in UTC; None for what is none."""
    found = _MOMENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    *parts, fraction, sign, hours, minutes = found.groups()
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    try:
        year, month, day, hour, minute, second = (int(part or 0) for part in parts)
        zone = timezone(-offset if sign == "-" else offset)
        micros = int((fraction or "0").ljust(6, "0"))
        return datetime(year, month, day, hour, minute, second, micros, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def to_day(value: Any) -> date | None:
    """Read a day; None for what is none."""
    found = _DAY.fullmatch(value.strip()) if isinstance(value, str) else None
    try:
        return date(*map(int, found.groups())) if found is not None else None
    except ValueError:
        return None


def read_moment(value: Any) -> datetime | None:
    """Accept a moment or null."""
    if value is None:
        return None
    found = to_moment(value)
    return found if found is not None else refuse(NOT_MOMENT)


def read_day(value: Any) -> str | None:
    """Accept a day or null; returns it with all its digits."""
    if value is None:
        return None
    found = to_day(value)
    return found.isoformat() if found is not None else refuse(NOT_DAY)


def write_moment(moment: datetime | None) -> str | None:
    """Write a moment in UTC, with a fraction only where there is one."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


Moment = Annotated[datetime | None, BeforeValidator(read_moment)]
Day = Annotated[str | None, Field(json_schema_extra={"format": "date"}), BeforeValidator(read_day)]
