"""The gallery: media resources and their files."""

from __future__ import annotations

from typing import Any

from handlers.core.dialect import Route
from handlers.core.download import send_file
from handlers.core.errors import NotFound
from handlers.core.operation import operation
from handlers.core.rest.fields import as_patch
from handlers.knowme.objects import MediaObject
from handlers.knowme.rules import Access, KnowMeHandler
from handlers.knowme.schemas import MediaBody
from handlers.knowme.uploads import FileHandler
from handlers.knowme.users import TreeHandler
from storage.belongings import KnowMeUser, Media
from storage.files import StoredFile


class GalleryHandler(FileHandler, TreeHandler):
    """The gallery of a Know Me user."""

    user: KnowMeUser

    async def find(self, user: int) -> None:
        """Find the Know Me user."""
        self.user = await self.knowme.users.find(self.owner.oid, user)

    @operation(body=MediaBody, returns=MediaObject, status=201)
    async def post(self, body: MediaBody) -> MediaObject:
        """Keep a file under a name."""
        made = await self.knowme.add_media(self.owner.oid, self.user.id, body.name, body.file)
        return self.objects.media(made)


class MediaResourceHandler(FileHandler, TreeHandler):
    """One media resource."""

    media: Media

    async def find(self, media: int) -> None:
        """Find the media resource."""
        self.media = await self.knowme.media.find(self.owner.oid, media)

    @operation(returns=MediaObject)
    async def get(self) -> MediaObject:
        """Return the media resource."""
        return self.objects.media(self.media)

    async def change(self, body: MediaBody) -> MediaObject:
        """Change what is sent; a new file gets a new address and replaces the old one."""
        values: dict[str, Any] = {"name": body.name} if "name" in body.model_fields_set else {}
        upload = body.file if "file" in body.model_fields_set else None
        media = await self.knowme.change_media(self.owner.oid, self.media.id, values, upload)
        return self.objects.media(media)

    patch = operation(body=as_patch(MediaBody), returns=MediaObject)(change)
    put = operation(body=MediaBody, returns=MediaObject)(change)


class MediaHandler(KnowMeHandler):
    """A file at its unguessable address, open to everybody who knows it; credentials don't count."""

    access = Access.PUBLIC
    file: StoredFile

    async def authenticate(self) -> None:
        """Let image views in, whatever they send along."""

    async def locate(self) -> None:
        """Find the file; the address is looked up as a whole and never was a path of any file system."""
        path = f"{self.path_kwargs['token']}/{self.path_kwargs['name']}"
        found = await self.stores.knowme.file_at(path)
        if found is None:
            raise NotFound
        self.file = found

    @operation()
    async def get(self) -> None:
        """Send the file."""
        await send_file(self, self.file, str(self.path_kwargs["name"]))


ROUTES = (
    Route("/know-me/users/{user}/gallery/", GalleryHandler),
    Route("/know-me/media-resources/{media}/", MediaResourceHandler),
    Route("/media/{token}/{name}", MediaHandler, secrets=frozenset({"token"})),
)
