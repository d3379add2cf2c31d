"""New releases on the channels of the hub: posted by whoever stores them, read when they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from storage.batching import Batcher
from storage.comics.objects import Release
from storage.database import Database
from storage.driver import Session
from storage.outbox import Message, Outbox

CHANNEL = "comics:releases"  # of all comics; those of one are behind a slash and the comic's slug
RELEASE = "release"  # the one field of a message: the release's id


def slug_channel(slug: str) -> str:
    """Name the channel of one comic."""
    return f"{CHANNEL}/{slug}"


class Posting:
    """Posts releases by their ids: what they look like is up to whoever tells of them."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._comics = database["comics"]
        self._releases = database["comic_releases"]
        self._outbox = outbox
        self._known: Batcher[str, bool] = Batcher(self._find_known)

    async def post_releases(
        self, numbers: Sequence[int], session: Session, *, most: int | None = None
    ) -> int:
        """Post new releases on both their channels, as the last step of the transaction that stores them.

        The ids are in the order of `fetched`, then id. Only the last `most` of them (default and at most:
        as many as a channel's history keeps) are posted; returns how many that were.
        """
        size = self._outbox.retention.size
        room = size if most is None else min(most, size)
        chosen = list(numbers[-room:]) if room > 0 else []
        found = self._releases.find({"_id": {"$in": chosen}}, {"comic_id": 1}, session=session)
        comics = {row["_id"]: row["comic_id"] async for row in found}
        wanted = {"_id": {"$in": list(set(comics.values()))}}
        slugs = {
            row["_id"]: row["slug"] async for row in self._comics.find(wanted, {"slug": 1}, session=session)
        }
        messages = [
            Message(channel, {RELEASE: number})
            for number in chosen
            for channel in (CHANNEL, slug_channel(slugs[comics[number]]))
        ]
        await self._outbox.add_all(messages, session)
        return len(chosen)

    async def releases(self, numbers: Sequence[int]) -> Mapping[int, Release]:
        """Read releases as they are now, by id; those that do not exist are left out."""
        found = self._releases.find({"_id": {"$in": list(set(numbers))}})
        return {row["_id"]: Release.of(row) async for row in found}

    async def has_comic(self, slug: str) -> bool:
        """Tell whether a comic has the slug; look-ups of one moment share a round trip."""
        return await self._known.submit(slug)

    async def _find_known(self, slugs: Sequence[str]) -> Sequence[bool]:
        found = self._comics.find({"slug": {"$in": list(set(slugs))}}, {"_id": 0, "slug": 1})
        known = {row["slug"] async for row in found}
        return [slug in known for slug in slugs]

    async def slugs(self) -> Sequence[str]:
        """Return the slugs of all comics, in their order."""
        return [row["slug"] async for row in self._comics.find({}, {"_id": 0, "slug": 1}).sort("slug", 1)]
