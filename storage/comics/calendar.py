"""Calendar arithmetic, all in UTC: spans for what a range can say, expressions for the rest.

The database's own dates hold milliseconds, so times are stored as whole microseconds and turned into dates
only where a part of the calendar is asked for, and then only down to the second.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from storage.comics.conditions import Kind, Lookup
from storage.driver import Document

SECOND = 1_000_000  # microseconds
DAY = 86_400 * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ONE_DAY = timedelta(days=1)

DatePart = Document | str


def microseconds(day: date) -> int:
    """Return midnight of a day as stored."""
    return (day - EPOCH.date()).days * DAY


def year_days(year: int) -> tuple[date, date] | None:
    """Return a year's first and last day, None where there is no such year."""
    return (date(year, 1, 1), date(year, 12, 31)) if 1 <= year <= 9999 else None


def iso_year_days(year: int) -> tuple[date, date] | None:
    """Return the first and last day of a year of whole weeks, None where there is no such year."""
    if not 1 <= year <= 9999:
        return None
    # Day 1 of year 1 begins a week; the last week of 9999 goes beyond what a date can be.
    last = date.fromisocalendar(year + 1, 1, 1) - ONE_DAY if year < 9999 else date.max
    return date.fromisocalendar(year, 1, 1), last


def span(lookup: Lookup, value: int | str) -> tuple[date, date] | None:
    """Return the days that a lookup by year, ISO year or date stands for, both ends included."""
    if lookup is Lookup.DATE:
        day = date.fromisoformat(str(value))
        return day, day
    return (year_days if lookup is Lookup.YEAR else iso_year_days)(int(value))


def remainder(value: Document | str, divisor: int) -> Document:
    """Return the remainder that is never negative; the database's takes the sign of the value."""
    return {"$mod": [{"$add": [{"$mod": [value, divisor]}, divisor]}, divisor]}


def as_date(kind: Kind, path: str) -> Document:
    """Return the database's date of a stored date or time, without the fraction of the second."""
    if kind is Kind.DATE:
        return {"$dateFromString": {"dateString": path, "format": "%Y-%m-%d"}}
    # The division is done in floating point: exact to far less than a second for every year.
    whole = {"$subtract": [path, remainder(path, SECOND)]}
    return {"$toDate": {"$toLong": {"$multiply": [{"$round": {"$divide": [whole, SECOND]}}, 1000]}}}


def calendar_part(lookup: Lookup, kind: Kind, path: str) -> Document:
    """Return the expression for a part of the calendar or the clock."""
    if lookup is Lookup.TIME:
        return remainder(path, DAY)
    day = as_date(kind, path)
    match lookup:
        case Lookup.QUARTER:
            return {"$ceil": {"$divide": [{"$month": day}, 3]}}
        case Lookup.DAY:
            return {"$dayOfMonth": day}
        case Lookup.WEEK:
            return {"$isoWeek": day}
        case Lookup.WEEK_DAY:
            return {"$dayOfWeek": day}
        case Lookup.ISO_WEEK_DAY:
            return {"$isoDayOfWeek": day}
        case _:  # month, hour, minute, second
            return {f"${lookup.value}": day}


def time_text(path: str) -> Document:
    """Return the expression for the text form `YYYY-MM-DD HH:MM:SS[.ffffff]` of a stored time."""
    fraction = remainder(path, SECOND)
    digits = {"$substrCP": [{"$toString": {"$add": [fraction, SECOND]}}, 1, 6]}
    whole = {"$dateToString": {"date": as_date(Kind.TIME, path), "format": "%Y-%m-%d %H:%M:%S"}}
    return {"$concat": [whole, {"$cond": [{"$eq": [fraction, 0]}, "", {"$concat": [".", digits]}]}]}
