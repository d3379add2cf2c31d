"""Whether comics, releases, images and subscriptions agree with one another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from storage.database import Database
from storage.driver import Document, Session
from storage.findings import Check, Finding, snapshot

GROUP = 1000  # releases whose images are looked up together
OF_COMIC = ("comic_releases", "comic_images", "comic_subscriptions")
COUNTED = {"n_releases": "comic_releases", "n_images": "comic_images"}


class ComicsIntegrity:
    """The checks by name; each reads what it needs once, in groups, however much there is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def checks(self) -> Mapping[str, Check]:
        """Return every check, the quick ones first."""
        return {
            "subscriptions": self.check_subscriptions,
            "comics": self.check_comics,
            "images": self.check_images,
        }

    async def check_subscriptions(self) -> AsyncIterator[Finding]:
        """Find accounts that follow a comic twice."""
        pair = {"user": "$user_id", "comic": "$comic_id"}
        twice: list[Document] = [
            {"$group": {"_id": pair, "n": {"$sum": 1}}},
            {"$match": {"n": {"$gt": 1}}},
        ]
        async with snapshot(self._database) as session:
            async for row in await self._database.aggregate("comic_subscriptions", twice, session):
                place = f"user {row['_id'].get('user')}"
                yield Finding("subscriptions", place, f"comic {row['_id'].get('comic')} {row['n']} times")

    async def check_comics(self) -> AsyncIterator[Finding]:
        """Find what belongs to no comic, and comics that miscount their releases."""
        async with snapshot(self._database) as session:
            shown = dict.fromkeys(COUNTED, 1)
            comics = {
                row["_id"]: row async for row in self._database["comics"].find({}, shown, session=session)
            }
            found = {name: await self._count(name, session) for name in OF_COMIC}
        for name, counts in found.items():
            for comic in sorted(counts.keys() - comics.keys(), key=str):
                yield Finding("comics", name, f"no comic {comic} ({counts[comic]} times)")
        for comic, row in comics.items():
            for field, name in COUNTED.items():
                number = found[name].get(comic, 0)
                if row.get(field, number) != number:  # one that is missing is counted when it is needed
                    yield Finding("comics", f"comic {comic}", f"{field} is {row[field]}, there are {number}")

    async def _count(self, collection: str, session: Session) -> dict[Any, int]:
        group: list[Document] = [{"$group": {"_id": "$comic_id", "n": {"$sum": 1}}}]
        return {
            row["_id"]: row["n"] async for row in await self._database.aggregate(collection, group, session)
        }

    async def check_images(self) -> AsyncIterator[Finding]:
        """Find releases whose images are missing, differ from the stored ones, or are not by id."""
        async with snapshot(self._database) as session:
            found = self._database["comic_releases"].find({}, {"images": 1}, session=session)
            group: list[Document] = []
            async for release in found.sort("_id", 1).batch_size(GROUP):
                group.append(release)
                if len(group) == GROUP:
                    for finding in await self._compare(group, session):
                        yield finding
                    group = []
            for finding in await self._compare(group, session):
                yield finding

    async def _compare(self, releases: Sequence[Document], session: Session) -> list[Finding]:
        wanted = {copy.get("_id") for release in releases for copy in release.get("images", ())}
        images = self._database["comic_images"].find({"_id": {"$in": list(wanted)}}, session=session)
        stored = {row["_id"]: row async for row in images}
        return [
            Finding("images", f"release {release['_id']}", detail)
            for release in releases
            for detail in wrong_images(release.get("images", ()), stored)
        ]


def wrong_images(copies: Sequence[Document], stored: Mapping[Any, Document]) -> Iterator[str]:
    """Say what is off with the images of a release."""
    numbers: list[Any] = [copy.get("_id") for copy in copies]
    for number, copy in zip(numbers, copies, strict=True):
        if number not in stored:
            yield f"there is no image {number}"
        elif copy != stored[number]:
            fields = {
                name for name in copy.keys() | stored[number] if copy.get(name) != stored[number].get(name)
            }
            yield f"its copy of image {number} differs in {', '.join(sorted(fields))}"
    if None not in numbers and numbers != sorted(set(numbers)):
        yield f"its images are not by id: {numbers}"
