"""Selections against the obvious reference: random catalogues, random conditions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.comics.catalogue import Catalogue
from storage.comics.conditions import TEXTUAL, Condition, Kind, Lookup, Selection
from storage.comics.objects import Comic, Image, Release
from storage.stores import Stores
from tests.storage.comics import reference
from tests.storage.comics.shelves import put, subscribe

READER = 7
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Letters with two, three and no other case, with a case of two letters, beyond 16 bits; signs with a meaning.
LETTERS = (
    "aAb\u00e9\u00c9\u03c3\u03c2\u03a3\u00df\u0131I\u0130\U00010400\U00010428\U0010ffff\ud7ff.*(\\$%_ \n"
)
TEXTS = st.text(LETTERS, max_size=4) | st.sampled_from(["$name", "[a-z]+", "a$"])
PATTERNS = st.sampled_from(
    [r"^a", r"b$", r"\w\w", r"a.*b", "(\u00e9|\u03c3)", r"[0-9]{2}", r"\.", "0", r"-0\d-"]
)
NUMBERS = st.integers(-2, 12) | st.integers(95, 105)
DAYS = st.one_of(
    st.dates(date(2011, 12, 28), date(2012, 1, 6)),
    st.sampled_from([date.min, date.max, date(2012, 2, 29), date(2008, 12, 29), date(2010, 1, 3)]),
    st.dates(),
)
MOMENTS = st.one_of(
    st.datetimes(datetime(2011, 12, 31, 23, 59, 58), datetime(2012, 1, 1, 0, 0, 2)),
    st.sampled_from([datetime.min, datetime.max, datetime(1969, 12, 31, 23, 59, 59, 999_999)]),
    st.datetimes(),
)
DATES = DAYS.map(date.isoformat)
TIMES = MOMENTS.map(lambda at: (at.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1))
FRACTIONS = st.integers(0, 86_399_999_999)
VALUES = {Kind.TEXT: TEXTS, Kind.INTEGER: NUMBERS, Kind.DATE: DATES, Kind.TIME: TIMES, Kind.RELATION: NUMBERS}
COMPARED = (Lookup.EXACT, Lookup.GT, Lookup.GTE, Lookup.LT, Lookup.LTE)
PARTS = {
    Lookup.YEAR: st.sampled_from([1, 1969, 2009, 2011, 2012, 9999]) | st.integers(-5, 10_005),
    Lookup.ISO_YEAR: st.sampled_from([1, 1970, 2009, 2011, 2012, 9999]) | st.integers(-5, 10_005),
    Lookup.MONTH: st.integers(-1, 13),
    Lookup.DAY: st.integers(-1, 32),
    Lookup.QUARTER: st.integers(-1, 5),
    Lookup.WEEK: st.integers(0, 54),
    Lookup.WEEK_DAY: st.integers(0, 8),
    Lookup.ISO_WEEK_DAY: st.integers(0, 8),
}
CLOCK = {
    Lookup.DATE: DATES,
    Lookup.TIME: FRACTIONS,
    Lookup.HOUR: st.integers(-1, 24),
    Lookup.MINUTE: st.integers(-1, 60),
    Lookup.SECOND: st.integers(-1, 60),
}


def lookups(kind: Kind) -> dict[Lookup, st.SearchStrategy[Any]]:
    """Return every lookup of a kind, with the values that it takes."""
    if kind is Kind.BOOLEAN:
        return {Lookup.EXACT: st.booleans()}
    one = VALUES[kind]
    found: dict[Lookup, st.SearchStrategy[Any]] = dict.fromkeys(COMPARED, one)
    found |= {Lookup.IN: st.lists(one, max_size=3).map(tuple), Lookup.ISNULL: st.booleans()}
    if kind is not Kind.RELATION:
        found[Lookup.RANGE] = st.tuples(one, one)
        digits = TEXTS if kind is Kind.TEXT else st.text("0123456789-: .", max_size=3)
        found |= dict.fromkeys(TEXTUAL, digits)
        found |= dict.fromkeys((Lookup.REGEX, Lookup.IREGEX), PATTERNS)
    if kind in (Kind.DATE, Kind.TIME):
        found |= PARTS
    return found | CLOCK if kind is Kind.TIME else found


def conditions(fields: dict[str, Kind], most: int = 2) -> st.SearchStrategy[tuple[Condition, ...]]:
    """Draw conditions on some fields."""
    each = [
        st.builds(Condition, st.just(name), st.just(kind), st.just(lookup), values)
        for name, kind in fields.items()
        for lookup, values in lookups(kind).items()
    ]
    return st.lists(st.one_of(each), max_size=most).map(tuple)


ON_COMIC = {"name": Kind.TEXT, "slug": Kind.TEXT, "active": Kind.BOOLEAN}
ON_IMAGE = {
    "_id": Kind.RELATION,
    "height": Kind.INTEGER,
    "width": Kind.INTEGER,
    "title": Kind.TEXT,
    "text": Kind.TEXT,
    "fetched": Kind.TIME,
}
ON_RELEASE = {"comic_id": Kind.RELATION, "pub_date": Kind.DATE, "fetched": Kind.TIME}
SELECTIONS = st.builds(
    Selection,
    conditions(ON_RELEASE),
    conditions(ON_COMIC, 1),
    conditions(ON_IMAGE, 3),
    st.sampled_from([None, None, True, False]),
)
OF_IMAGES = st.builds(Selection, conditions({n: k for n, k in ON_IMAGE.items() if n != "_id"}))
OF_COMICS = st.builds(Selection, conditions(ON_COMIC), subscribed=st.sampled_from([None, True, False]))


@st.composite
def catalogues(draw: st.DrawFn) -> tuple[list[Comic], list[Image], list[Release]]:
    """Draw a small catalogue; some images are in several releases, some in none."""
    comics = [
        Comic(n, draw(TEXTS), f"{draw(TEXTS)}{n}", "en", "", draw(st.booleans()), None, None, "", 0)
        for n in range(1, draw(st.integers(1, 3)) + 1)
    ]
    of_comic = st.sampled_from([comic.id for comic in comics])
    images = [
        Image(
            n, draw(of_comic), None, "", draw(TEXTS), draw(TEXTS), draw(TIMES), draw(NUMBERS), draw(NUMBERS)
        )
        for n in range(1, draw(st.integers(1, 7)) + 1)
    ]
    shown = st.lists(st.sampled_from(images), max_size=3, unique=True).map(sorted).map(tuple)
    releases = [
        Release(n, draw(of_comic), draw(DATES), draw(TIMES), draw(shown))
        for n in range(1, draw(st.integers(0, 7)) + 1)
    ]
    return comics, images, releases


async def check(catalogue: Catalogue, listing: Any, expected: list[Any]) -> None:
    """Compare the whole list, a page of it, and the stream from there."""
    middle = len(expected) // 2
    assert list(await listing.window(0, 100)) == expected
    assert await listing.total() == len(expected)
    assert list(await listing.window(middle, 1)) == expected[middle : middle + 1]
    total, page = await listing.page(middle, 2)
    assert (total, list(page)) == (len(expected), expected[middle : middle + 2])
    assert [each async for batch in listing.stream(middle) for each in batch] == expected[middle:]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    catalogues(),
    st.lists(SELECTIONS, min_size=8, max_size=12),
    st.lists(OF_IMAGES, min_size=4, max_size=6),
    st.lists(OF_COMICS, min_size=3, max_size=3),
)
async def test_lists_hold_what_the_reference_says(
    stores: Stores,
    shelf: tuple[list[Comic], list[Image], list[Release]],
    of_releases: list[Selection],
    of_images: list[Selection],
    of_comics: list[Selection],
) -> None:
    comics, images, releases = shelf
    mine = {comics[-1].id}
    await put(stores.database, comics, releases, images)
    await subscribe(stores.database, READER, mine)
    catalogue = stores.catalogue
    for selection in of_releases:
        expected = reference.list_releases(releases, comics, mine, selection)
        await check(catalogue, catalogue.releases(selection, READER), expected)
    for selection in of_images:
        expected_images = reference.list_images(images, selection)
        await check(catalogue, catalogue.images(selection), expected_images)
    for selection in of_comics:
        expected_comics = reference.list_comics(comics, mine, selection)
        await check(catalogue, catalogue.comics(selection, READER), expected_comics)
