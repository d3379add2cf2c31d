"""The catalogue of comics, releases and images, as readers see it.

- `comics`: _id, name, slug, language, url, active, start_date, end_date, rights, added, n_releases, n_images
- `comic_images`: _id, comic_id, file, checksum, title, text, fetched, height, width
- `comic_releases`: _id, comic_id, pub_date, fetched, images [the image documents, by id]

Whoever writes releases or images keeps the comic's two counts in the same transaction; where a comic lacks
one, everything is counted anew.
"""

from __future__ import annotations

from storage.comics.choosing import Choosing
from storage.comics.conditions import Selection
from storage.comics.counting import Counting
from storage.comics.images import INDEXED, ImageListing
from storage.comics.listing import Listing, Shared
from storage.comics.objects import Comic, Image, Release
from storage.comics.pages import PATIENCE
from storage.comics.planning import BY_COMIC, BY_DAY, BY_TIME
from storage.comics.releases import IMAGE_FIELDS, ReleaseListing
from storage.comics.sharing import Sharing
from storage.comics.shelf import ComicListing
from storage.database import Database, Index, index
from storage.media import Naming


class Catalogue:
    """Finds comics, releases and images; `patience` bounds each query of a list, in milliseconds."""

    INDEXES: tuple[Index, ...] = (
        index("comics", "slug", unique=True),
        index("comics", "name", "_id"),
        *(Index("comic_releases", keys) for keys in (BY_TIME, BY_COMIC, BY_DAY)),
        *(index("comic_releases", f"images.{name}") for name in IMAGE_FIELDS),
        *(index("comic_images", name, "_id") for name in INDEXED),
        *(index("comic_images", name) for name in ("checksum", "comic_id", "file")),
    )
    NAMINGS = (Naming("comic_images", "file"),)

    def __init__(self, database: Database, patience: int = PATIENCE, among: Shared | None = None) -> None:
        self._database = database
        self._patience = patience
        self._shared = among or Shared(Choosing(database), Counting(database), Sharing())

    def within(self, milliseconds: int) -> Catalogue:
        """Return the same catalogue for readers with another patience."""
        return Catalogue(self._database, milliseconds, self._shared)

    def comics(self, selection: Selection, reader: int) -> Listing[Comic]:
        """List comics by name; `subscribed` goes by the reader's subscriptions."""
        return ComicListing(self._database, self._shared, selection, reader, self._patience)

    def images(self, selection: Selection) -> Listing[Image]:
        """List images by id."""
        return ImageListing(self._database, self._shared, selection, self._patience)

    def releases(self, selection: Selection, reader: int) -> Listing[Release]:
        """List releases, last fetched first."""
        return ReleaseListing(self._database, self._shared, selection, reader, self._patience)

    async def comic(self, number: int) -> Comic | None:
        """Find a comic by id."""
        row = await self._database["comics"].find_one({"_id": number})
        return Comic.of(row) if row else None

    async def image(self, number: int) -> Image | None:
        """Find an image by id."""
        row = await self._database["comic_images"].find_one({"_id": number})
        return Image.of(row) if row else None

    async def release(self, number: int) -> Release | None:
        """Find a release by id."""
        row = await self._database["comic_releases"].find_one({"_id": number})
        return Release.of(row) if row else None

    async def shows_file(self, path: str) -> bool:
        """Tell whether some image's file is exactly at that path."""
        row = await self._database["comic_images"].find_one({"file": path}, {"_id": 1})
        return row is not None
