"""Photos of events: taken with the fields of a form, shown to everybody."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from handlers.core.dialect import Route
from handlers.core.download import UNKNOWN, content_type, is_picture, send_file
from handlers.core.errors import NotFound
from handlers.core.operation import operation
from handlers.core.rest.body import fold, read_fields
from handlers.core.upload import UploadHandler
from handlers.klub.access import ANYONE
from handlers.klub.rules import KlubHandler
from storage.files import Draft, StoredFile
from storage.klub.event import PHOTO_FOLDER, PHOTOS, Photo

NAME_BYTES = 16  # 128 random bits: who may not see an event can't guess its photos
LONGEST_ENDING = 8


def make_photo(name: str, draft: Draft) -> Photo:
    """Give a received photo its address; of the client's name only an ending that says a type stays."""
    ending = name.rpartition(".")[2].lower()
    known = ending.isascii() and ending.isalnum() and len(ending) <= LONGEST_ENDING
    suffix = f".{ending}" if known and content_type(f"x.{ending}") != UNKNOWN else ""
    return Photo(draft, f"{PHOTO_FOLDER}{secrets.token_hex(NAME_BYTES)}{suffix}")


class PhotoUpload(UploadHandler, KlubHandler):
    """Takes photos among the fields of a body."""

    wanted = PHOTOS

    def read_fields(self) -> Mapping[str, Any]:
        """Read the body's fields; the photos are among them."""
        if self.form is None:
            return read_fields(self.content_type, bytes(self.received), self.spelling)
        photos = {name: make_photo(given, draft) for name, (given, draft) in self.form.files.items()}
        return {**fold(self.form.texts, self.spelling), **photos}


class PhotoHandler(KlubHandler):
    """A photo at its address; credentials don't count."""

    negotiates = identifies = False
    file: StoredFile

    async def locate(self) -> None:
        """Find the photo; the address is looked up as a whole and never was a path of any file system."""
        found = await self.stores.events.photo_at(PHOTO_FOLDER + self.path_kwargs["name"])
        if found is None:
            raise NotFound
        self.file = found

    @operation(access=ANYONE)
    async def get(self) -> None:
        """Send the photo of an event."""
        await send_file(self, self.file, str(self.path_kwargs["name"]), is_picture)


ROUTES = (Route("/upload/event_photos/{name}", PhotoHandler),)
