"""What conditions say together about one field: the numbers or days that remain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import cast

from storage.comics.calendar import span
from storage.comics.conditions import Condition, Kind, Lookup
from storage.comics.matching import SPANS

Numbers = tuple[int | None, int | None]
Days = tuple[date | None, date | None]
INT64 = range(-(2**63), 2**63)  # what the database can compare with


def number_bounds(conditions: Sequence[Condition]) -> tuple[str, Numbers] | None:
    """Return the field and the first and last number, where comparisons of one field are all there is.

    None where there is more to it, or where a bound is no number of 64 bits.
    """
    if len({each.field for each in conditions}) != 1:
        return None
    lows: list[int] = []
    highs: list[int] = []
    for each in conditions:
        if each.kind not in (Kind.INTEGER, Kind.RELATION):
            return None
        match each.lookup, each.value:
            case Lookup.EXACT, int(value):
                lows.append(value)
                highs.append(value)
            case Lookup.GT | Lookup.GTE as lookup, int(value):
                lows.append(value + (lookup is Lookup.GT))
            case Lookup.LT | Lookup.LTE as lookup, int(value):
                highs.append(value - (lookup is Lookup.LT))
            case Lookup.RANGE, (int(low), int(high)):
                lows.append(low)
                highs.append(high)
            case _:
                return None
    bounds = max(lows, default=None), min(highs, default=None)
    return (conditions[0].field, bounds) if all(end is None or end in INT64 for end in bounds) else None


def day_bounds(conditions: Iterable[Condition]) -> Days | None:
    """Return the first and last day that conditions on a date leave; None: they leave all."""
    firsts: list[date] = []
    lasts: list[date] = []
    for each in conditions:
        if each.kind is not Kind.DATE:
            continue
        match each.lookup:
            case Lookup.EXACT | Lookup.IN | Lookup.RANGE:
                days = each.value if isinstance(each.value, tuple) else (each.value,)
                read = [date.fromisoformat(str(day)) for day in days]
                firsts.append(min(read))
                lasts.append(max(read))
            case Lookup.GT | Lookup.GTE:
                firsts.append(date.fromisoformat(str(each.value)))
            case Lookup.LT | Lookup.LTE:
                lasts.append(date.fromisoformat(str(each.value)))
            case lookup if lookup in SPANS:
                # A year that does not exist matches nothing, which the filter has found out by now.
                first, last = cast("tuple[date, date]", span(lookup, cast("int", each.value)))
                firsts.append(first)
                lasts.append(last)
    if not firsts and not lasts:
        return None
    return max(firsts, default=None), min(lasts, default=None)
