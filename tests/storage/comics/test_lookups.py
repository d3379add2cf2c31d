"""Every lookup of every field, with values that are stored and values beside them, against the reference."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from storage.comics.conditions import TEXTUAL, Condition, Kind, Lookup, Selection
from storage.comics.objects import Comic, Release
from storage.stores import Stores
from tests.storage.comics import reference
from tests.storage.comics.shelves import comic, image, put, release

READER = 7
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEXTS = (
    "",
    "a",
    "A",
    "ab\n",
    "\u00e9t\u00c9",
    "\u03c3\u03a3",
    "$name",
    "a.*b",
    "(a|b)",
    "B\U00010400",
    "\\",
    "100%_",
)
DAYS = (
    "0001-01-01",
    "1969-12-31",
    "2008-12-29",
    "2010-01-03",
    "2012-02-29",
    "2012-03-01",
    "2024-12-30",
    "9999-12-31",
)
MOMENTS = (
    *(
        "0001-01-01T00:00:00",
        "0001-01-01T00:00:00.000001",
        "1969-12-31T23:59:59.999999",
        "1970-01-01T00:00:00",
    ),
    *(
        "2008-12-31T23:59:59",
        "2009-01-01T00:00:00",
        "2012-02-29T12:30:45.500000",
        "2012-03-01T00:00:00.000001",
    ),
    *("2024-12-30T05:06:07.000890", "9999-12-31T23:59:59.999999"),
)
TIMES = tuple(
    (datetime.fromisoformat(each).replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
    for each in MOMENTS
)
SIZES = (-5, 0, 7, 99, 100, 101, 365, 3650)
ON_COMIC = {"name": Kind.TEXT, "active": Kind.BOOLEAN}
ON_IMAGE = {"_id": Kind.RELATION, "height": Kind.INTEGER, "title": Kind.TEXT, "fetched": Kind.TIME}
ON_RELEASE = {"comic_id": Kind.RELATION, "pub_date": Kind.DATE, "fetched": Kind.TIME}
COMPARED = (Lookup.EXACT, Lookup.GT, Lookup.GTE, Lookup.LT, Lookup.LTE)
PARTS = (
    *(Lookup.YEAR, Lookup.ISO_YEAR, Lookup.MONTH, Lookup.DAY, Lookup.QUARTER),
    *(Lookup.WEEK, Lookup.WEEK_DAY, Lookup.ISO_WEEK_DAY),
)
CLOCK = (Lookup.DATE, Lookup.TIME, Lookup.HOUR, Lookup.MINUTE, Lookup.SECOND)


def shelf() -> tuple[list[Comic], list[Release]]:
    """Make a catalogue in which every value occurs; releases have none to three images."""
    chance = random.Random(5)
    comics = [comic(n, name=text, active=n % 3 > 0) for n, text in enumerate(TEXTS, 1)]
    images = [
        image(n, height=SIZES[n % 8], width=chance.choice(SIZES), title=TEXTS[n % 12], fetched=TIMES[n % 10])
        for n in range(1, 41)
    ]
    releases = []
    for n in range(1, 41):
        shown = sorted(chance.sample(images, n % 4))
        fields = {"comic_id": 1 + n % 12, "pub_date": DAYS[n % 8], "fetched": TIMES[n % 10]}
        releases.append(release(n, *shown, **fields))
    return comics, releases


def stored(kind: Kind) -> tuple[Any, ...]:
    """Return the values that fields of a kind have."""
    if kind is Kind.RELATION:
        return (1, 2, 11, 40, 41)
    return {Kind.TEXT: TEXTS, Kind.DATE: DAYS, Kind.TIME: TIMES, Kind.INTEGER: SIZES}[kind]


def texts(kind: Kind, lookup: Lookup) -> Iterator[str]:
    """Yield the beginning, the end, the middle and the whole of every text form, in either case."""
    if lookup in (Lookup.REGEX, Lookup.IREGEX):
        yield from ("^a", "[0-9]{3}$", r"\w\w", "(?i)B", "0", "-0[1-3]-", r"^\\$", "[\u00e9\u03c3]", "^$")
        return
    for value in stored(kind):
        form = reference.text_form(value, kind)
        yield from (form, form[:2], form[-2:], form[1:-1], form.swapcase())


def values(kind: Kind, lookup: Lookup) -> Iterator[Any]:
    """Yield what to look for."""
    if kind is Kind.BOOLEAN or lookup is Lookup.ISNULL:
        yield from (True, False)
    elif lookup in TEXTUAL:
        yield from texts(kind, lookup)
    elif lookup in PARTS or lookup in CLOCK:
        moments = [reference.moment(each) for each in TIMES]
        if kind is Kind.DATE:
            moments = [datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC) for day in DAYS]
        found: list[Any] = [reference.calendar_value(each, lookup) for each in moments]
        yield from found
        yield from (each + step for each in found if isinstance(each, int) for step in (-1, 1))
    elif lookup is Lookup.IN:
        yield from ((), stored(kind)[:1], stored(kind)[::2])
    elif lookup is Lookup.RANGE:
        ordered = sorted(stored(kind))
        yield from ((low, high) for low in ordered[::3] for high in ordered[1::2])
    else:
        yield from stored(kind)
        yield from ("2000-01-01",) if kind is Kind.DATE else ()
        yield from (each + step for each in stored(kind) if isinstance(each, int) for step in (-1, 1))


def lookups(kind: Kind) -> Iterator[Lookup]:
    """Yield the lookups of a kind."""
    if kind is Kind.BOOLEAN:
        yield Lookup.EXACT
        return
    yield from (*COMPARED, Lookup.IN, Lookup.ISNULL)
    if kind is not Kind.RELATION:
        yield from (Lookup.RANGE, *sorted(TEXTUAL))
    yield from PARTS if kind in (Kind.DATE, Kind.TIME) else ()
    yield from CLOCK if kind is Kind.TIME else ()


def conditions(fields: dict[str, Kind]) -> Iterator[Condition]:
    """Yield every condition on some fields, none twice."""
    for field, kind in fields.items():
        for lookup in lookups(kind):
            for value in dict.fromkeys(values(kind, lookup)):
                yield Condition(field, kind, lookup, value)


async def check(stores: Stores, comics: list[Comic], releases: list[Release], selection: Selection) -> int:
    """Compare one list of releases, its count and its end; return how many there are."""
    expected = [each.id for each in reference.list_releases(releases, comics, set(), selection)]
    listing = stores.catalogue.releases(selection, READER)
    assert await listing.total() == len(expected), selection
    assert [each.id for each in await listing.window(0, 100)] == expected, selection
    return len(expected)


@pytest.mark.parametrize("place", ["own", "comic", "image"])
async def test_each_lookup_finds_what_the_reference_finds(stores: Stores, place: str) -> None:
    comics, releases = shelf()
    await put(stores.database, comics, releases)
    found: dict[tuple[str, Lookup], list[int]] = {}
    for condition in conditions({"own": ON_RELEASE, "comic": ON_COMIC, "image": ON_IMAGE}[place]):
        one, none = (condition,), ()
        own, on_comic, on_image = (one if place == name else none for name in ("own", "comic", "image"))
        number = await check(stores, comics, releases, Selection(own, on_comic, on_image))
        found.setdefault((condition.field, condition.lookup), []).append(number)
    # A sweep that never finds anything, or always everything, would prove little.
    dull = [key for key, numbers in found.items() if len(set(numbers)) == 1]
    assert dull == []


async def test_two_conditions_hold_for_one_image_and_count_right(stores: Stores) -> None:
    comics, releases = shelf()
    await put(stores.database, comics, releases)
    of_height = [c for c in conditions({"height": Kind.INTEGER}) if c.lookup in COMPARED]
    of_width = [replace(c, field="width") for c in of_height if c.lookup in (Lookup.GT, Lookup.EXACT)]
    of_time = [Condition("fetched", Kind.TIME, Lookup.HOUR, hour) for hour in (0, 12, 23)]
    of_digits = [Condition("width", Kind.INTEGER, Lookup.CONTAINS, digit) for digit in "0369"]
    of_title = [Condition("title", Kind.TEXT, Lookup.EXACT, text) for text in TEXTS]
    for pair in ((one, other) for one in of_title for other in of_digits):
        await check(stores, comics, releases, Selection(image=pair))
    chance = random.Random(6)
    for others in (of_height, of_width, of_time, of_digits):
        for pair in chance.sample([(one, other) for one in of_height for other in others], 60):
            await check(stores, comics, releases, Selection(image=pair))


async def test_a_stream_leaves_out_and_repeats_nothing_where_times_are_equal(stores: Stores) -> None:
    releases = [release(n, fetched=n // 400) for n in range(1, 1301)]
    await put(stores.database, [comic(1)], releases)
    listing = stores.catalogue.releases(Selection(), READER)
    found = [each.id async for batch in listing.stream(250) for each in batch]
    assert found == sorted(range(1, 1301), key=lambda n: (-(n // 400), -n))[250:]
