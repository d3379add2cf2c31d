"""A catalogue of any size: comics of unlike length, their releases over some 25 years, readers who follow."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from itertools import accumulate

from storage.database import Database
from storage.driver import Document
from storage.stores import Stores

COMICS, YEARS, CHUNK = 1000, 25, 10_000
FIRST_DAY = date(2000, 1, 1)
FOLLOWED = 100  # comics of one reader
EMAIL = "reader@example.org"

Progress = Callable[[str], None]


def comic(number: int, releases: int) -> Document:
    """Make a comic, every tenth of them ended."""
    return {
        "_id": number,
        "name": f"Comic {number:04}",
        "slug": f"comic-{number:04}",
        "language": "en" if number % 3 else "no",
        "url": "",
        "active": number % 10 != 0,
        "start_date": None,
        "end_date": None,
        "rights": "",
        "added": 0,
        "n_releases": releases,
        "n_images": releases,
    }


class Library:
    """A database with so many releases, and one reader with a key."""

    def __init__(self, database: Database, releases: int) -> None:
        self.database = database
        self.releases = releases
        self.key = ""
        # The longest comic has some fifty times the releases of the shortest.
        self._lengths = list(accumulate(1 / (place + 20) for place in range(COMICS)))

    async def build(self, progress: Progress) -> None:
        """Store everything, then index it: the other way round takes twice as long."""
        stores = Stores.over(self.database)
        counts: Counter[int] = Counter()
        for first in range(1, self.releases + 1, CHUNK):
            chunk = list(self._made(first, min(first + CHUNK, self.releases + 1)))
            await self._store("comic_images", [each["images"][0] for each in chunk])
            await self._store("comic_releases", chunk)
            counts.update(each["comic_id"] for each in chunk)
            done = first + len(chunk) - 1
            progress(f"{bar(done / self.releases)} {done:,} of {self.releases:,} releases")
        await self._store("comics", [comic(number, counts[number]) for number in range(1, COMICS + 1)])
        progress(f"indexes over {self.releases:,} releases")
        await stores.prepare()
        await self._seat(stores)

    async def _store(self, collection: str, rows: Sequence[Document]) -> None:
        await self.database.light(collection).insert_many(rows, ordered=False)

    def _made(self, first: int, end: int) -> Iterator[Document]:
        chance = random.Random(first)  # noqa: S311
        comics = chance.choices(range(1, COMICS + 1), cum_weights=self._lengths, k=end - first)
        for number, comic_id in zip(range(first, end), comics, strict=True):
            days = number * YEARS * 365 // (self.releases + 1)
            late = int(chance.expovariate(0.3))  # days from a comic's publication until it is fetched
            fetched = 946_684_800_000_000 + days * 86_400_000_000 + chance.randrange(86_400_000_000)
            picture = {
                "_id": number,
                "comic_id": comic_id,
                "file": f"c{comic_id}/{number}.png",
                "checksum": f"{number:064x}",
                "title": f"Title of {number}",
                "text": "What the author has to say about it. " * 2,
                "fetched": fetched,
                "height": 200 + int(chance.expovariate(1 / 300)),
                "width": 300 + int(chance.expovariate(1 / 300)),
            }
            yield {
                "_id": number,
                "comic_id": comic_id,
                "pub_date": (FIRST_DAY + timedelta(days=max(0, days - late))).isoformat(),
                "fetched": fetched,
                "images": [picture],
            }

    async def _seat(self, stores: Stores) -> None:
        """Sign readers up to comics; one of them has an account and a key."""
        made = await stores.accounts.register(EMAIL, {}, ip=None, mails=lambda _: ())
        number = int(made.person["id"])
        self.key = await stores.secret_keys.of(number)
        readers = [number, *(number + place for place in range(1, max(1, self.releases // 2000)))]
        rows = [
            {"_id": place * FOLLOWED + each, "user_id": reader, "comic_id": 1 + (each * 10 + place) % COMICS}
            for place, reader in enumerate(readers)
            for each in range(FOLLOWED)
        ]
        for first in range(0, len(rows), CHUNK):
            await self._store("comic_subscriptions", rows[first : first + CHUNK])


def bar(share: float, width: int = 30) -> str:
    """Draw how far something is."""
    full = round(share * width)
    return "━" * full + "─" * (width - full)
