"""Pages are found one way or the other, in the same order."""

from __future__ import annotations

from datetime import date

import pytest

from storage.comics.errors import Slow
from storage.comics.pages import Pages
from storage.comics.planning import (
    AS_STORED,
    BY_COMIC,
    BY_DAY,
    BY_ID,
    BY_TIME,
    NEWEST,
    PORTION,
    Sought,
    Way,
    portions,
    release_ways,
)
from storage.database import Database
from storage.driver import Document
from storage.stores import Stores
from tests.storage.comics.shelves import comic, image, put, release

# A sum of thousands of numbers for every document, never below zero.
EACH = {"$map": {"input": {"$range": [0, 3000]}, "in": {"$add": ["$_id", "$$this"]}}}
DEAR: Document = {"$expr": {"$lt": [{"$sum": EACH}, 0]}}


@pytest.fixture
async def many(stores: Stores) -> Database:
    """Give 900 releases of as many comics, three fetched at a time."""
    releases = [release(n, image(n), comic_id=n, fetched=n // 3) for n in range(1, 901)]
    await put(stores.database, [comic(n) for n in range(1, 901)], releases)
    return stores.database


@pytest.mark.parametrize("window", [(0, 20), (19, 3), (895, 20), (450, 100), (900, 5), (0, 900)])
async def test_merged_portions_are_in_the_order_of_a_walk(many: Database, window: tuple[int, int]) -> None:
    pages = Pages(many, "comic_releases", NEWEST)
    merge = Way(BY_COMIC, portions("comic_id", range(1, 901), {}))
    assert len(merge.filters) == 5
    merged = await pages.page([merge], *window, 900)
    assert merged == await pages.page([Way(BY_TIME, ({},))], *window, 900)
    everything = sorted(range(1, 901), key=lambda n: (-(n // 3), -n))
    assert [row["_id"] for row in merged] == everything[window[0] : sum(window)]


async def test_a_way_that_takes_too_long_is_left_for_the_next(many: Database) -> None:
    pages = Pages(many, "comic_images", BY_ID)
    dear, sure = Way(BY_ID, (DEAR,), leash=1), Way(AS_STORED, ({},))
    assert [row["_id"] for row in await pages.page([dear, sure], 0, 2, 900)] == [1, 2]
    with pytest.raises(Slow):
        await Pages(many, "comic_images", BY_ID, patience=1).page([Way(BY_ID, (DEAR,))], 0, 2, 900)


def hints(sought: Sought, reach: int = 20, total: int = 1000, stored: int = 1_000_000) -> list[str]:
    """Name the first field of the index of each way."""
    return [way.hint[0][0] for way in release_ways(sought, reach, total, stored)]


YEAR = (date(2012, 1, 1), date(2012, 12, 31))
CENTURY = (date(1920, 1, 1), date(2019, 12, 31))
FEW, MOST = tuple(range(1, PORTION + 1)), tuple(range(1, 901))


@pytest.mark.parametrize(
    ("sought", "ways"),
    [
        (Sought(), ["fetched"]),
        (Sought(comics=FEW, weight=500_000), ["comic_id"]),
        (Sought(comics=MOST, weight=500_000), ["fetched", "comic_id"]),
        (Sought(days=YEAR), ["pub_date"]),
        (Sought(days=(CENTURY[1], CENTURY[0])), ["fetched"]),
        (Sought(days=CENTURY), ["fetched"]),
        (Sought(days=(date(1999, 1, 1), date(2019, 1, 1))), ["fetched", "pub_date"]),
        (Sought(comics=FEW, weight=2_000, days=YEAR), ["comic_id"]),
        (Sought(comics=FEW, weight=500_000, days=YEAR), ["pub_date"]),
        (Sought(comics=FEW, days=YEAR), ["pub_date"]),
        (Sought(by_image=True, image_field="height"), ["images.height", "$natural"]),
        (Sought(by_image=True), ["$natural"]),
        (Sought(by_image=True, comics=FEW, weight=10_000, image_field="height"), ["comic_id"]),
        (Sought(by_image=True, comics=MOST, weight=500_000), ["$natural"]),
    ],
)
def test_the_way_follows_from_what_is_sought(sought: Sought, ways: list[str]) -> None:
    assert hints(sought) == ways


def test_common_images_and_deep_pages_are_walked_to() -> None:
    assert hints(Sought(by_image=True, image_field="height"), total=100_000) == ["fetched"]
    assert hints(Sought(by_image=True, comics=MOST), total=100_000) == ["fetched", "comic_id"]
    assert hints(Sought(comics=MOST), reach=5_000, total=900_000) == ["fetched"]
    assert hints(Sought(days=YEAR), reach=5_000, total=80_000) == ["fetched"]
    assert hints(Sought(comics=FEW, weight=500_000, days=YEAR), reach=5_000, total=80_000) == ["comic_id"]


def test_portions_are_as_large_as_the_database_merges() -> None:
    sizes = [len(each["pub_date"]["$in"]) for each in portions("pub_date", [str(n) for n in range(366)], {})]
    assert sizes == [PORTION, 166]
    assert release_ways(Sought(days=YEAR), 20, 1000, 1000)[0].hint == BY_DAY
