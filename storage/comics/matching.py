"""Turns conditions into the database's filters.

Most conditions become a test on their field, which an index can serve; what no test can say (parts of a time,
the digits of a number) becomes an expression. No value is ever read as an operator: values stand behind one
in a test, and inside $literal in an expression.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from storage.comics.calendar import DAY, calendar_part, microseconds, span, time_text
from storage.comics.conditions import TEXTUAL, Condition, Kind, Lookup
from storage.comics.texts import options, pattern, text_test
from storage.driver import Document

Test = Document | bool | None  # True: always holds; False: never; None: only an expression can tell
SPANS = frozenset({Lookup.YEAR, Lookup.ISO_YEAR, Lookup.DATE})
ORDERED = {Lookup.GT: "$gt", Lookup.GTE: "$gte", Lookup.LT: "$lt", Lookup.LTE: "$lte", Lookup.EXACT: "$eq"}


def test_of(condition: Condition) -> Test:
    """Return what a stored value is compared with."""
    lookup, kind, value = condition.lookup, condition.kind, condition.value
    if lookup in TEXTUAL:
        if value == "" and lookup is not Lookup.IEXACT:
            return True
        return text_test(lookup, str(value)) if kind in (Kind.TEXT, Kind.DATE) else None
    if lookup is Lookup.ISNULL:
        return not value  # no field that lists can be narrowed by is ever empty
    if lookup in ORDERED:
        return {ORDERED[lookup]: value}
    if lookup is Lookup.IN:
        wanted = list(cast("tuple[str | int, ...]", value))
        return {"$in": wanted} if wanted else False
    if lookup is Lookup.RANGE:
        low, high = cast("tuple[str | int, str | int]", value)
        return {"$gte": low, "$lte": high}
    if lookup in SPANS:
        return span_test(condition)
    return date_part_test(lookup, cast("int", value)) if kind is Kind.DATE else None


def span_test(condition: Condition) -> Test:
    """Return the range of a year or a day."""
    days = span(condition.lookup, cast("int | str", condition.value))
    if days is None:
        return False
    first, last = days
    if condition.kind is Kind.DATE:
        return {"$gte": first.isoformat(), "$lte": last.isoformat()}
    return {"$gte": microseconds(first), "$lt": microseconds(last) + DAY}


def date_part_test(lookup: Lookup, value: int) -> Test:
    """Return the pattern of a date with that month, day or quarter."""
    match lookup:
        case Lookup.MONTH:
            return {"$regex": f"-{value:02}-"} if 1 <= value <= 12 else False
        case Lookup.DAY:
            return {"$regex": rf"-{value:02}\z"} if 1 <= value <= 31 else False
        case Lookup.QUARTER if 1 <= value <= 4:
            months = "|".join(f"{month:02}" for month in range(3 * value - 2, 3 * value + 1))
            return {"$regex": f"-(?:{months})-"}
        case Lookup.QUARTER:
            return False
        case _:
            return None


def expression(condition: Condition, path: str) -> Document:
    """Return the condition as an expression on the value at a path."""
    test = test_of(condition)
    if isinstance(test, bool):
        return {"$literal": test}
    if test is None:
        return computed(condition, path)
    if "$regex" in test:
        return regex_match(path, test["$regex"], test.get("$options", ""))
    return {"$and": [{operator: [path, {"$literal": value}]} for operator, value in test.items()]}


def computed(condition: Condition, path: str) -> Document:
    """Return the expression of what no test can say."""
    lookup, kind = condition.lookup, condition.kind
    if lookup in TEXTUAL:
        form = time_text(path) if kind is Kind.TIME else {"$toString": path}
        return regex_match(form, pattern(lookup, str(condition.value)), options(lookup))
    return {"$eq": [calendar_part(lookup, kind, path), {"$literal": condition.value}]}


def regex_match(text: Document | str, regex: str, flags: str) -> Document:
    """Return whether a text matches a pattern."""
    return {"$regexMatch": {"input": text, "regex": {"$literal": regex}, "options": flags}}


def both(*filters: Document) -> Document:
    """Return the filter that holds where all do; the empty one always holds."""
    needed = [each for each in filters if each]
    return needed[0] if len(needed) == 1 else {"$and": needed} if needed else {}


def object_filter(conditions: Iterable[Condition]) -> Document | None:
    """Return the filter of conditions on an object itself; None when nothing can hold them."""
    clauses: list[Document] = []
    for condition in conditions:
        test = test_of(condition)
        if test is False:
            return None
        if test is None:
            clauses.append({"$expr": computed(condition, f"${condition.field}")})
        elif test is not True:
            clauses.append({condition.field: test})
    return both(*clauses)


def embedded_filter(field: str, conditions: Sequence[Condition]) -> Document | None:
    """Return the filter for lists of which one and the same entry holds every condition; None: none can."""
    tests = [test_of(each) for each in conditions]
    if any(test is False for test in tests):
        return None
    clauses = [{c.field: t} for c, t in zip(conditions, tests, strict=True) if isinstance(t, dict)]
    indexed = {field: {"$elemMatch": both(*clauses)}} if clauses else {f"{field}._id": {"$exists": True}}
    if None not in tests:
        return indexed
    # An expression can't stand inside $elemMatch, and outside it loses sight of which entry it was.
    together = {"$and": [expression(each, f"$$entry.{each.field}") for each in conditions]}
    entries = {"$map": {"input": f"${field}", "as": "entry", "in": together}}
    return both(indexed, {"$expr": {"$anyElementTrue": [entries]}})


def indexable(conditions: Iterable[Condition]) -> Sequence[str]:
    """Name the fields whose conditions lead to a part of an index; a pattern has to look at all of it."""
    tests = [(each.field, test_of(each)) for each in conditions]
    return [name for name, test in tests if isinstance(test, dict) and "$regex" not in test]
