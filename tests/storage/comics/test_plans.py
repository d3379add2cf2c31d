"""Every usual list is found through an index that brings its order: the database's own record tells."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from storage.comics.conditions import Condition, Kind, Lookup, Selection
from storage.stores import Stores
from tests.storage.comics.shelves import comic, image, put, release, subscribe

READER, COMICS, RELEASES, PAGE = 7, 300, 3000, 20
DAY = 86_400_000_000


def on(field: str, kind: Kind, lookup: Lookup, value: Any) -> tuple[Condition, ...]:
    return (Condition(field, kind, lookup, value),)


def height(lookup: Lookup, value: Any) -> tuple[Condition, ...]:
    return on("height", Kind.INTEGER, lookup, value)


def pub_date(lookup: Lookup, value: Any) -> tuple[Condition, ...]:
    return on("pub_date", Kind.DATE, lookup, value)


@dataclass(frozen=True)
class Record:
    """What the database noted of one query; `plans` are its scans, however often each."""

    plans: frozenset[str]
    keys: int
    documents: int
    sorts: bool


SCAN = re.compile(r"[A-Z_]+ \{[^}]*\}|[A-Z_]+")


@pytest.fixture
async def large(stores: Stores) -> AsyncIterator[Stores]:
    """Give a catalogue that is large enough to tell a good plan; every query is recorded from now on."""
    comics = [comic(n, language="no" if n % 3 else "en") for n in range(1, COMICS + 1)]
    releases = []
    for n in range(1, RELEASES + 1):
        day = 1 + n * 28 // (RELEASES + 1)
        picture = image(n, comic_id=n % COMICS + 1, height=n * 7919 % 1000, title=f"T{n}", fetched=n * DAY)
        dates = {"pub_date": f"2012-{1 + n % 12:02}-{day:02}", "fetched": n * DAY, "comic_id": n % COMICS + 1}
        releases.append(release(n, picture, **dates))
    await put(stores.database, comics, releases)
    await subscribe(stores.database, READER, range(1, COMICS, 2))
    handle = stores.database.handle
    # The usual megabyte would lose the first records.
    await handle.create_collection("system.profile", capped=True, size=1 << 24)
    await handle.command({"profile": 2})
    yield stores
    await handle.command({"profile": 0})
    await handle.drop_collection("system.profile")


async def record(stores: Stores, collection: str) -> list[Record]:
    """Return what was noted of a collection, but for estimates of its size."""
    profile = stores.database["system.profile"].find({"ns": {"$regex": rf"\.{collection}\Z"}})
    rows = [row for row in await profile.to_list(None) if "planSummary" in row]
    return [
        Record(
            frozenset(SCAN.findall(row["planSummary"])),
            row.get("keysExamined", 0),
            row.get("docsExamined", 0),
            row.get("hasSortStage", False),
        )
        for row in rows
        if row["planSummary"] != "RECORD_STORE_FAST_COUNT"
    ]


BY_TIME = "IXSCAN { fetched: -1, _id: -1, comic_id: 1, pub_date: 1 }"
BY_COMIC = "IXSCAN { comic_id: 1, fetched: -1, _id: -1, pub_date: 1 }"
BY_DAY = "IXSCAN { pub_date: 1, fetched: -1, _id: -1, comic_id: 1 }"
TWO_YEARS = pub_date(Lookup.RANGE, ("2011-01-01", "2012-12-31"))


FRONT_PAGES = (
    (Selection(), BY_TIME, 1),
    (Selection(own=on("comic_id", Kind.RELATION, Lookup.EXACT, 5)), BY_COMIC, 1),
    (Selection(comic=on("slug", Kind.TEXT, Lookup.EXACT, "comic-5")), BY_COMIC, 1),
    (Selection(comic=on("name", Kind.TEXT, Lookup.ICONTAINS, "COMIC 1")), BY_COMIC, 1),
    (Selection(comic=on("active", Kind.BOOLEAN, Lookup.EXACT, True)), BY_TIME, 1),
    (Selection(subscribed=True), BY_COMIC, 1),
    (Selection(subscribed=False), BY_COMIC, 1),
    (Selection(own=pub_date(Lookup.EXACT, "2012-03-07")), BY_DAY, 1),
    (Selection(own=pub_date(Lookup.YEAR, 2012)), BY_DAY, 2),
    (Selection(own=TWO_YEARS), BY_DAY, 4),
    (Selection(own=pub_date(Lookup.GTE, "1990-01-01")), BY_DAY, 2),
    (Selection(own=pub_date(Lookup.YEAR, 2012), subscribed=True), BY_COMIC, 1),
    (Selection(own=on("fetched", Kind.TIME, Lookup.LT, 1500 * DAY)), BY_TIME, 1),
    (Selection(own=on("fetched", Kind.TIME, Lookup.YEAR, 1973)), BY_TIME, 1),
    (Selection(image=height(Lookup.GT, 500)), BY_TIME, 1),
)


async def test_a_front_page_of_releases_reads_little_more_than_the_page(large: Stores) -> None:
    for selection, plan, portions in FRONT_PAGES:
        listing = large.catalogue.releases(selection, READER)
        total = await listing.total()
        before = len(await record(large, "comic_releases"))
        assert len(await listing.window(0, PAGE)) == min(PAGE, total) > 0
        noted = (await record(large, "comic_releases"))[before:]
        assert {name for each in noted[:portions] for name in each.plans} == {plan}, selection
        assert not any(each.sorts for each in noted), selection
        assert sum(each.documents for each in noted) <= 5 * PAGE, selection
        assert sum(each.keys for each in noted) <= 60 * PAGE, selection


@pytest.mark.parametrize(
    ("selection", "plan"),
    [
        (Selection(image=height(Lookup.GT, 990)), "IXSCAN { images.height: 1 }"),
        (Selection(image=height(Lookup.RANGE, (100, 103))), "IXSCAN { images.height: 1 }"),
        (Selection(image=on("title", Kind.TEXT, Lookup.STARTSWITH, "T77")), "IXSCAN { images.title: 1 }"),
        (Selection(image=on("_id", Kind.RELATION, Lookup.EXACT, 77)), "IXSCAN { images._id: 1 }"),
    ],
    ids=lambda value: None,
)
async def test_a_few_releases_are_found_by_their_images(
    large: Stores, selection: Selection, plan: str
) -> None:
    listing = large.catalogue.releases(selection, READER)
    total = await listing.total()
    await listing.window(0, PAGE)
    *_, page = await record(large, "comic_releases")
    assert page.plans == {plan}
    assert 0 < page.documents <= 2 * total


@pytest.mark.parametrize(
    ("selection", "total"),
    [
        (Selection(own=pub_date(Lookup.YEAR, 2012)), RELEASES),
        (Selection(own=on("fetched", Kind.TIME, Lookup.LTE, 1500 * DAY)), 1500),
        (Selection(image=height(Lookup.GTE, 500)), 1500),
        (Selection(image=(*height(Lookup.GTE, 100), *height(Lookup.LT, 200))), 300),
    ],
    ids=lambda value: None,
)
async def test_releases_are_counted_without_looking_at_them(
    large: Stores, selection: Selection, total: int
) -> None:
    assert await large.catalogue.releases(selection, READER).total() == total
    *_, count = await record(large, "comic_releases")
    assert all(name.startswith(("COUNT_SCAN {", "IXSCAN {")) for name in count.plans)
    assert count.documents == 0


async def test_the_first_page_of_everything_is_one_query(large: Stores) -> None:
    total, rows = await large.catalogue.releases(Selection(), READER).page(0, PAGE)
    assert (total, len(rows)) == (RELEASES, PAGE)
    (noted,) = await record(large, "comic_releases")
    assert noted.plans == {BY_TIME}
    assert not noted.sorts
    assert noted.documents <= PAGE + COMICS
    assert await record(large, "comics") == []


async def test_what_comics_keep_is_not_counted_at_all(large: Stores) -> None:
    norwegian = Selection(comic=on("language", Kind.TEXT, Lookup.EXACT, "no"))
    assert await large.catalogue.releases(norwegian, READER).total() == RELEASES * 2 // 3
    assert await large.catalogue.releases(Selection(), READER).total() == RELEASES
    assert await large.catalogue.images(Selection()).total() == RELEASES
    assert await record(large, "comic_releases") == await record(large, "comic_images") == []


async def test_a_page_near_the_end_is_counted_from_the_end(large: Stores) -> None:
    listing = large.catalogue.releases(Selection(), READER)
    assert [each.id for each in await listing.window(RELEASES - 30, PAGE)] == list(range(30, 10, -1))
    (page,) = await record(large, "comic_releases")
    assert page.plans == {BY_TIME}
    assert page.keys <= 31
    assert page.documents == PAGE


@pytest.mark.parametrize(
    ("own", "plan"),
    [
        ((), "IXSCAN { _id: 1 }"),
        (height(Lookup.GT, 500), "IXSCAN { _id: 1 }"),
        (height(Lookup.EXACT, 500), "IXSCAN { height: 1, _id: 1 }"),
        (on("title", Kind.TEXT, Lookup.STARTSWITH, "T77"), "IXSCAN { title: 1, _id: 1 }"),
        (on("fetched", Kind.TIME, Lookup.LT, 60 * DAY), "IXSCAN { fetched: 1, _id: 1 }"),
    ],
    ids=lambda value: None,
)
async def test_images_are_found_by_an_index(large: Stores, own: tuple[Condition, ...], plan: str) -> None:
    listing = large.catalogue.images(Selection(own=own))
    await listing.total()
    before = len(await record(large, "comic_images"))
    found = await listing.window(0, PAGE)
    noted = (await record(large, "comic_images"))[before:]
    assert noted[0].plans == {plan}
    assert sum(each.documents for each in noted) <= max(3 * len(found), 1)


async def test_a_stream_begins_each_batch_behind_the_last(large: Stores) -> None:
    listing = large.catalogue.releases(Selection(), READER)
    found = [each.id async for batch in listing.stream(1500) for each in batch]
    assert found == list(range(RELEASES - 1500, 0, -1))
    first, *others = await record(large, "comic_releases")
    assert first.keys <= 1601
    assert all(each.keys <= each.documents + 3 for each in others)
