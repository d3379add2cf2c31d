"""Puts catalogues into the database as an import would, counts included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from storage.comics.objects import Comic, Image, Release
from storage.database import Database
from storage.driver import Document


def stored(thing: Comic | Image) -> Document:
    """Return the stored form."""
    values = thing._asdict()
    return {"_id": values.pop("id"), **values}


async def put(
    database: Database,
    comics: Sequence[Comic],
    releases: Sequence[Release] = (),
    images: Iterable[Image] = (),
) -> None:
    """Store everything in place of what was there."""
    shown = {image.id: image for release in releases for image in release.images}
    every = shown | {image.id: image for image in images}
    released = Counter(release.comic_id for release in releases)
    drawn = Counter(image.comic_id for image in every.values())
    counts = {c.id: {"n_releases": released[c.id], "n_images": drawn[c.id]} for c in comics}
    rows: dict[str, list[Document]] = {
        "comics": [stored(comic) | counts[comic.id] for comic in comics],
        "comic_images": [stored(image) for image in every.values()],
        "comic_releases": [
            {
                "_id": release.id,
                "comic_id": release.comic_id,
                "pub_date": release.pub_date,
                "fetched": release.fetched,
                "images": [stored(image) for image in release.images],
            }
            for release in releases
        ],
    }
    for name, documents in rows.items():
        await database[name].delete_many({})
        if documents:
            await database[name].insert_many(documents)


async def subscribe(database: Database, reader: int, comics: Iterable[int]) -> None:
    """Make a reader follow just these comics."""
    await database["comic_subscriptions"].delete_many({})
    rows = [{"_id": number, "user_id": reader, "comic_id": number} for number in comics]
    if rows:
        await database["comic_subscriptions"].insert_many(rows)


def comic(number: int, **fields: Any) -> Comic:
    """Make a comic."""
    base = Comic(number, f"Comic {number}", f"comic-{number}", "en", "", True, None, None, "", 0)
    return base._replace(**fields)


def image(number: int, **fields: Any) -> Image:
    """Make an image."""
    return Image(number, 1, f"c/{number}.png", f"{number:064x}", "", "", number, 300, 200)._replace(**fields)


def release(number: int, *images: Image, **fields: Any) -> Release:
    """Make a release; the higher the number, the later it was fetched."""
    return Release(number, 1, "2012-10-08", number, images)._replace(**fields)
