"""The first pages of everything: as they would be found one after the other, but in one round trip."""

from __future__ import annotations

import pytest

from storage.comics.conditions import EVERYTHING
from storage.comics.errors import Slow
from storage.comics.front import Fronts
from storage.comics.planning import BY_ID, NEWEST, SHALLOW
from storage.comics.sharing import Sharing
from storage.database import Database
from storage.stores import Stores
from tests.storage.comics.shelves import comic, image, put, release

READER, RELEASES = 7, 50


@pytest.fixture
async def many(stores: Stores) -> Stores:
    """Give releases of two comics, several fetched at the same time, each with one image."""
    shown = [
        release(n, image(n, comic_id=n % 2 + 1), comic_id=n % 2 + 1, fetched=n // 3)
        for n in range(1, RELEASES + 1)
    ]
    await put(stores.database, [comic(1), comic(2)], shown)
    return stores


def releases(database: Database) -> Fronts:
    """Open the first pages of all releases."""
    return Fronts(database, Sharing(), "comic_releases", NEWEST, "n_releases")


@pytest.mark.parametrize("window", [(0, 20), (0, 1), (17, 3), (40, 20), (50, 5), (60, 1), (0, 1000)])
async def test_a_first_page_is_the_same_as_step_by_step(many: Stores, window: tuple[int, int]) -> None:
    for make in (
        lambda: many.catalogue.releases(EVERYTHING, READER),
        lambda: many.catalogue.images(EVERYTHING),
    ):
        steps = make()
        expected = (await steps.total(), list(await steps.window(*window)))
        total, rows = await make().page(*window)
        assert (total, list(rows)) == expected
        assert total == RELEASES


async def test_a_deep_page_is_found_in_another_way(many: Stores) -> None:
    assert await releases(many.database).page(SHALLOW, 1, 5000) is None
    assert await many.catalogue.releases(EVERYTHING, READER).page(SHALLOW, 1) == (RELEASES, ())


async def test_without_counts_of_comics_everything_is_counted(many: Stores) -> None:
    await many.database["comics"].update_one({"_id": 2}, {"$unset": {"n_releases": "", "n_images": ""}})
    assert await releases(many.database).page(0, 20, 5000) is None
    total, rows = await many.catalogue.releases(EVERYTHING, READER).page(0, 20)
    assert (total, len(rows)) == (RELEASES, 20)
    total, images = await many.catalogue.images(EVERYTHING).page(0, 20)
    assert (total, len(images)) == (RELEASES, 20)


async def test_an_empty_catalogue_has_empty_pages(stores: Stores) -> None:
    assert await releases(stores.database).page(0, 20, 5000) == (0, [])
    await put(stores.database, [comic(1)])
    assert await releases(stores.database).page(0, 20, 5000) == (0, [])


async def test_no_page_shows_more_than_it_counts(many: Stores) -> None:
    await many.database["comics"].update_many({}, {"$set": {"n_releases": 9}})
    total, rows = await many.catalogue.releases(EVERYTHING, READER).page(10, 20)
    assert (total, len(rows)) == (18, 8)


async def test_an_impatient_reader_is_refused(many: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    dear = {
        "$group": {
            "_id": None,
            "sum": {
                "$sum": {
                    "$reduce": {
                        "input": {"$range": [0, 3_000_000]},
                        "initialValue": 0,
                        "in": {"$add": ["$$value", "$$this"]},
                    }
                }
            },
            "kept": {"$sum": 1},
            "all": {"$sum": 1},
        }
    }
    monkeypatch.setattr("storage.comics.front.tally_stage", lambda name: dear)
    with pytest.raises(Slow):
        await Fronts(many.database, Sharing(), "comic_images", BY_ID, "n_images").page(0, 1, 1)
