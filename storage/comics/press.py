"""Brings out comics and releases that no import brought: those of a demo, marked as what they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from storage.comics.posting import Posting
from storage.counters import Counters
from storage.database import Database, is_duplicate
from storage.driver import Document, PyMongoError, Session, UpdateOne
from storage.errors import Taken

FIRST = 20  # images that are looked at for pictures to show again


@dataclass(frozen=True, slots=True)
class Title:
    """A comic to be; `started` is a date."""

    name: str
    slug: str
    language: str
    rights: str
    url: str
    started: str


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn: the path of its file, its SHA-256, its size in pixels."""

    file: str
    checksum: str
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class Issue:
    """A release to be, with one picture; `fetched` is in microseconds since 1970."""

    comic_id: int
    pub_date: str
    fetched: int
    picture: Picture
    title: str
    text: str


def picture_of(row: Mapping[str, Any]) -> Picture:
    """Read what the stored form of an image says of its file."""
    return Picture(row["file"], row["checksum"], row["height"], row["width"])


class Press:
    """Adds to `comics`, `comic_images` and `comic_releases`; the mark of its comics is the field `demo`."""

    def __init__(self, database: Database, counters: Counters, posting: Posting) -> None:
        self._database = database
        self._comics = database["comics"]
        self._images = database["comic_images"]
        self._releases = database["comic_releases"]
        self._counters = counters
        self._posting = posting

    async def is_empty(self) -> bool:
        """Tell whether there is no comic yet, demo or real."""
        return await self._comics.find_one({}, {"_id": 1}) is None

    async def listed(self) -> list[int]:
        """Return the ids of the demo comics."""
        return [row["_id"] async for row in self._comics.find({"demo": True}, {"_id": 1}).sort("_id", 1)]

    async def retire(self, comic: int, keep: int) -> int:
        """Take away a demo comic's oldest releases, but for so many; return how many went."""

        async def work(session: Session) -> int:
            # The comic first: it is what every release of it writes.
            held = {"$inc": {"held": 1}}
            row = await self._comics.find_one_and_update({"_id": comic, "demo": True}, held, session=session)
            if row is None or row["n_releases"] <= keep:
                return 0
            oldest = self._releases.find({"comic_id": comic}, {"images._id": 1}, session=session)
            old = await oldest.sort("_id", 1).limit(row["n_releases"] - keep).to_list(None)
            images = [image["_id"] for each in old for image in each["images"]]
            await self._releases.delete_many({"_id": {"$in": [each["_id"] for each in old]}}, session=session)
            await self._images.delete_many({"_id": {"$in": images}}, session=session)
            fewer = {"n_releases": -len(old), "n_images": -len(images)}
            await self._comics.update_one({"_id": comic}, {"$inc": fewer}, session=session)
            return len(old)

        return await self._database.transaction(work)

    async def pictures(self, comic: int) -> list[Picture]:
        """Return the pictures that a comic's first releases showed, each once."""
        rows = await self._images.find({"comic_id": comic}).sort("_id", 1).limit(FIRST).to_list(None)
        return list({row["file"]: picture_of(row) for row in rows}.values())

    async def found(self, titles: Sequence[Title], added: int) -> list[int]:
        """Make comics without releases; return their ids; raises Taken where a slug is somebody's."""
        first = await self._counters.take("comics", count=len(titles))
        rows = [make_comic(first + place, title, added) for place, title in enumerate(titles)]

        async def work(session: Session) -> None:
            await self._comics.insert_many(rows, session=session)

        try:
            await self._database.transaction(work)
        except PyMongoError as error:
            if is_duplicate(error):
                raise Taken("slug") from error
            raise
        return [row["_id"] for row in rows]

    async def publish(self, issues: Sequence[Issue], *, tell: bool) -> list[int]:
        """Store releases in the order of their time, told on their channels or not; return their ids."""
        first_image = await self._counters.take("comic_images", count=len(issues))
        images = [make_image(first_image + place, issue) for place, issue in enumerate(issues)]
        first = await self._counters.take("comic_releases", count=len(issues))
        pairs = zip(issues, images, strict=True)
        releases = [make_release(first + place, *pair) for place, pair in enumerate(pairs)]
        numbers = [row["_id"] for row in releases]
        more = [
            UpdateOne({"_id": comic}, {"$inc": {"n_releases": number, "n_images": number}})
            for comic, number in Counter(issue.comic_id for issue in issues).items()
        ]

        async def work(session: Session) -> None:
            await self._images.insert_many(images, session=session)
            await self._releases.insert_many(releases, session=session)
            await self._comics.bulk_write(more, session=session)
            if tell:
                await self._posting.post_releases(numbers, session)

        await self._database.transaction(work)
        return numbers


def make_comic(number: int, title: Title, added: int) -> Document:
    """Make the document of a comic."""
    return {
        "_id": number,
        "name": title.name,
        "slug": title.slug,
        "language": title.language,
        "url": title.url,
        "active": True,
        "start_date": title.started,
        "end_date": None,
        "rights": title.rights,
        "added": added,
        "n_releases": 0,
        "n_images": 0,
        "demo": True,
    }


def make_image(number: int, issue: Issue) -> Document:
    """Make the document of an issue's picture."""
    return {
        "_id": number,
        "comic_id": issue.comic_id,
        "file": issue.picture.file,
        "checksum": issue.picture.checksum,
        "title": issue.title,
        "text": issue.text,
        "fetched": issue.fetched,
        "height": issue.picture.height,
        "width": issue.picture.width,
    }


def make_release(number: int, issue: Issue, image: Document) -> Document:
    """Make the document of a release."""
    return {
        "_id": number,
        "comic_id": issue.comic_id,
        "pub_date": issue.pub_date,
        "fetched": issue.fetched,
        "images": [image],
    }
