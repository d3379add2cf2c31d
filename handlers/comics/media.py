"""The images themselves, for everybody: under the paths that images name, and under no others."""

from __future__ import annotations

from handlers.comics.rules import ComicsHandler
from handlers.core.dialect import Route
from handlers.core.download import send_file
from handlers.core.errors import NotFound
from handlers.core.handler import DialectHandler
from handlers.core.operation import operation
from storage.files import StoredFile


class MediaHandler(ComicsHandler):
    """A file that some image names; the path is looked up as a whole, in no file system."""

    slashed = False
    found: StoredFile

    def set_default_headers(self) -> None:
        """Leave out what is said of negotiated answers."""
        DialectHandler.set_default_headers(self)

    async def locate(self) -> None:
        """Find the file; raises NotFound."""
        path = self.path_kwargs["path"]
        named = "\0" not in path and await self.stores.catalogue.shows_file(path)
        found = await self.stores.media_folder.find(path) if named else None
        if found is None:
            raise NotFound
        self.found = found

    @operation()
    async def get(self) -> None:
        """Send the file."""
        await send_file(self, self.found, self.path_kwargs["path"].rpartition("/")[2])


ROUTES = (Route("/media/comics/{path}", MediaHandler, secrets=frozenset({"path"}), rest="path"),)
