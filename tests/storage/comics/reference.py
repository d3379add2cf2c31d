"""What selections mean, spelled out over plain objects: the slow and obvious way to list the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

from storage.comics.conditions import TEXTUAL, Condition, Kind, Lookup, Selection
from storage.comics.objects import Comic, Image, Release

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAMES = {"_id": "id"}


def moment(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def fold(text: str) -> str:
    """Fold case letter by letter: what takes two letters to fold stays, as in databases."""
    return "".join(folded if len(folded := each.casefold()) == 1 else each for each in text)


def text_form(value: Any, kind: Kind) -> str:
    if kind is not Kind.TIME:
        return str(value)
    at = moment(value)
    fraction = f".{at.microsecond:06}" if at.microsecond else ""
    return f"{at.year:04}-{at:%m-%d %H:%M:%S}{fraction}"


def holds_text(lookup: Lookup, form: str, wanted: str) -> bool:
    if lookup in (Lookup.REGEX, Lookup.IREGEX):
        return re.search(wanted, form, re.IGNORECASE if lookup is Lookup.IREGEX else 0) is not None
    name = lookup.value
    if name.startswith("i"):
        form, wanted, name = fold(form), fold(wanted), name[1:]
    found = {
        "exact": form == wanted,
        "contains": wanted in form,
        "startswith": form.startswith(wanted),
        "endswith": form.endswith(wanted),
    }
    return found[name]


def calendar_value(at: datetime, lookup: Lookup) -> object:
    iso = at.isocalendar()
    values: dict[Lookup, object] = {
        Lookup.YEAR: at.year,
        Lookup.ISO_YEAR: iso.year,
        Lookup.MONTH: at.month,
        Lookup.DAY: at.day,
        Lookup.QUARTER: (at.month + 2) // 3,
        Lookup.WEEK: iso.week,
        Lookup.WEEK_DAY: at.isoweekday() % 7 + 1,
        Lookup.ISO_WEEK_DAY: at.isoweekday(),
        Lookup.DATE: at.date().isoformat(),
        Lookup.HOUR: at.hour,
        Lookup.MINUTE: at.minute,
        Lookup.SECOND: at.second,
        Lookup.TIME: (at - at.replace(hour=0, minute=0, second=0, microsecond=0))
        // timedelta(microseconds=1),
    }
    return values[lookup]


def holds(thing: object, condition: Condition) -> bool:
    """Tell whether an object keeps a condition."""
    value = getattr(thing, NAMES.get(condition.field, condition.field))
    lookup, kind, wanted = condition.lookup, condition.kind, cast("Any", condition.value)
    if lookup in TEXTUAL:
        return holds_text(lookup, text_form(value, kind), wanted)
    match lookup:
        case Lookup.EXACT:
            return bool(value == wanted)
        case Lookup.IN:
            return value in wanted
        case Lookup.GT:
            return bool(value > wanted)
        case Lookup.GTE:
            return bool(value >= wanted)
        case Lookup.LT:
            return bool(value < wanted)
        case Lookup.LTE:
            return bool(value <= wanted)
        case Lookup.RANGE:
            return bool(wanted[0] <= value <= wanted[1])
        case Lookup.ISNULL:
            return (value is None) is bool(wanted)
    if kind is Kind.TIME:
        return bool(calendar_value(moment(value), lookup) == wanted)
    day = datetime.combine(date.fromisoformat(value), datetime.min.time(), UTC)
    return bool(calendar_value(day, lookup) == wanted)


def all_hold(thing: object, conditions: Iterable[Condition]) -> bool:
    return all(holds(thing, each) for each in conditions)


def images_hold(release: Release, conditions: Sequence[Condition]) -> bool:
    """Tell whether one image keeps all; a condition may ask for releases without any."""
    without = [c for c in conditions if c.kind is Kind.RELATION and c.lookup is Lookup.ISNULL and c.value]
    if without:
        return not release.images and len(without) == len(conditions)
    return not conditions or any(all_hold(image, conditions) for image in release.images)


def list_releases(
    releases: Iterable[Release], comics: Sequence[Comic], mine: set[int], selection: Selection
) -> list[Release]:
    """List the releases of a selection, last fetched first."""
    by_id = {comic.id: comic for comic in comics}
    found = [
        each
        for each in releases
        if all_hold(each, selection.own)
        and all_hold(by_id[each.comic_id], selection.comic)
        and images_hold(each, selection.image)
        and selection.subscribed in (None, each.comic_id in mine)
    ]
    return sorted(found, key=lambda each: (-each.fetched, -each.id))


def list_images(images: Iterable[Image], selection: Selection) -> list[Image]:
    """List the images of a selection."""
    return sorted(each for each in images if all_hold(each, selection.own))


def list_comics(comics: Iterable[Comic], mine: set[int], selection: Selection) -> list[Comic]:
    """List the comics of a selection, by name."""
    found = [c for c in comics if all_hold(c, selection.own) and selection.subscribed in (None, c.id in mine)]
    return sorted(found, key=lambda each: (each.name, each.id))
