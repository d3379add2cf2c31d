"""Comics, releases, images and subscriptions that disagree are found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from storage.comics.press import Issue, Picture, Press, Title
from storage.database import Database
from storage.integrity import Integrity
from storage.stores import Stores, all_indexes, all_traces

Damage = Callable[[Database], Awaitable[Any]]


@pytest.fixture
async def shelf(stores: Stores) -> Stores:
    """Three comics with five releases, and a reader of two of them."""
    press = Press(stores.database, stores.counters, stores.posting)
    one, two, _ = await press.found([Title(slug, slug, "en", "", "", "") for slug in "abc"], 0)
    picture = Picture("a/b.png", "0", 1, 1)
    issues = [
        Issue(comic, "2012-10-08", n, picture, "", "") for n, comic in enumerate([one, two, one, one, two])
    ]
    await press.publish(issues, tell=True)
    made = await stores.accounts.register("ann@example.com", {}, ip=None, mails=lambda _: ())
    for comic in (one, two):
        await stores.subscriptions.add(made.person["id"], comic)
    return stores


async def find(stores: Stores) -> list[tuple[str, str, str]]:
    """Run every check."""
    integrity = Integrity(stores.database, all_indexes(), all_traces(), lag=0.1)
    found = [finding for check in integrity.checks().values() async for finding in check()]
    return [(each.check, each.place, each.detail) for each in found]


async def set_one(database: Database, collection: str, number: int, **values: Any) -> None:
    """Change a document behind the stores' backs; a dot is written as two underscores."""
    fields = {name.replace("__", "."): value for name, value in values.items()}
    result = await database[collection].update_one({"_id": number}, {"$set": fields})
    assert result.modified_count == 1


async def follow_twice(database: Database) -> None:
    """Store a second subscription for one comic, as a database without the index would take it."""
    await database["comic_subscriptions"].drop_index("user_id_1_comic_id_1")
    await database["comic_subscriptions"].update_one({"_id": 2}, {"$set": {"comic_id": 1}})


async def drop_image(database: Database) -> None:
    """Take an image away and leave its copy in the release."""
    await database["comic_images"].delete_one({"_id": 3})


async def swap_images(database: Database) -> None:
    """Let a release have its images in the wrong order."""
    images = await database["comic_images"].find({"_id": {"$in": [1, 2]}}).sort("_id", -1).to_list(None)
    await database["comic_releases"].update_one({"_id": 1}, {"$set": {"images": images}})


async def test_what_the_stores_made_is_sound(shelf: Stores) -> None:
    assert await find(shelf) == []


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        (
            lambda db: set_one(db, "comics", 1, n_releases=7),
            ("comics", "comic 1", "n_releases is 7, there are 3"),
        ),
        (
            lambda db: set_one(db, "comics", 3, n_images=1),
            ("comics", "comic 3", "n_images is 1, there are 0"),
        ),
        (
            lambda db: set_one(db, "comic_releases", 2, comic_id=99),
            ("comics", "comic_releases", "no comic 99 (1 times)"),
        ),
        (
            lambda db: set_one(db, "comic_images", 2, comic_id=99),
            ("comics", "comic_images", "no comic 99 (1 times)"),
        ),
        (
            lambda db: set_one(db, "comic_subscriptions", 1, comic_id=99),
            ("comics", "comic_subscriptions", "no comic 99 (1 times)"),
        ),
        (
            lambda db: set_one(db, "comic_images", 4, title="new", width=9),
            ("images", "release 4", "its copy of image 4 differs in title, width"),
        ),
        (drop_image, ("images", "release 3", "there is no image 3")),
        (swap_images, ("images", "release 1", "its images are not by id: [2, 1]")),
        (
            lambda db: set_one(db, "comic_subscriptions", 1, user_id=99),
            ("references", "comic_subscriptions.user_id", "no user with this value (1 times)"),
        ),
        (
            lambda db: set_one(db, "counters", "comic_releases", seq=4),  # type: ignore[arg-type]
            ("sequences", "comic_releases", "the counter is at 4, _id at 5"),
        ),
        (
            lambda db: db["counters"].delete_one({"_id": "comics"}),
            ("sequences", "comics", "the counter is at 0, _id at 3"),
        ),
    ],
)
async def test_damage_is_found(shelf: Stores, damage: Damage, finding: tuple[str, str, str]) -> None:
    await damage(shelf.database)
    assert finding in await find(shelf)


async def test_a_comic_that_is_followed_twice_is_found(shelf: Stores) -> None:
    try:
        await follow_twice(shelf.database)
        found = await find(shelf)
    finally:
        await shelf.database["comic_subscriptions"].delete_many({})
        await shelf.database.ensure_indexes(all_indexes())
    assert ("subscriptions", "user 1", "comic 1 2 times") in found


async def test_more_releases_than_are_compared_at_once_are_all_looked_at(
    shelf: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.comics.integrity.GROUP", 2)
    assert await find(shelf) == []
    await shelf.database["comic_images"].update_many({}, {"$set": {"text": "other"}})
    places = [place for check, place, _ in await find(shelf) if check == "images"]
    assert places == [f"release {number}" for number in range(1, 6)]
