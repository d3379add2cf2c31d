"""Takes forms with files as they arrive: texts into memory, wanted files straight into storage."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from handlers.core.errors import Malformed, TooLarge
from handlers.core.multipart import BadForm, Multipart, Part, read_boundary
from storage.files import Draft, Files


class FormUpload:
    """One multipart form. Memory stays flat: a chunk of a file, and texts up to `text_limit` bytes in all.

    Of a repeated name the last counts. A file under a name that isn't wanted, and one that was chosen
    nowhere (an empty file name), is read and thrown away.
    """

    def __init__(self, content_type: str, files: Files, wanted: Collection[str], text_limit: int) -> None:
        try:
            self._form = Multipart(read_boundary(content_type))
        except BadForm as error:
            raise Malformed(f"Multipart form parse error - {error}") from None
        self._files = files
        self._wanted = wanted
        self._text_limit = text_limit
        self._texts: dict[str, bytearray] = {}
        self._received: dict[str, tuple[str, Draft]] = {}
        self._into: bytearray | Draft | None = None

    async def take(self, data: bytes) -> None:
        """Take the next bytes; returns when they are where they belong; raises Malformed, TooLarge."""
        try:
            for event in self._form.feed(data):
                if isinstance(event, Part):
                    await self._begin(event)
                else:
                    await self._append(event)
        except BadForm as error:
            raise Malformed(f"Multipart form parse error - {error}") from None

    def finish(self) -> None:
        """Check that the form is complete; raises Malformed."""
        try:
            self._form.finish()
        except BadForm as error:
            raise Malformed(f"Multipart form parse error - {error}") from None

    @property
    def texts(self) -> Mapping[str, str]:
        """Return the texts by name; bytes that are no UTF-8 are replaced."""
        return {name: bytes(value).decode("utf-8", "replace") for name, value in self._texts.items()}

    @property
    def files(self) -> Mapping[str, tuple[str, Draft]]:
        """Return the wanted files by name, with the file names that clients gave them."""
        return self._received

    async def abort(self) -> None:
        """Take back everything that was stored and not kept."""
        for _, draft in self._received.values():
            await draft.abort()
        self._received.clear()

    async def _begin(self, part: Part) -> None:
        self._into = None
        if part.filename is None:
            self._into = self._texts[part.name] = bytearray()
        elif part.filename and part.name in self._wanted:
            if part.name in self._received:
                await self._received.pop(part.name)[1].abort()
            self._into = await self._files.begin()
            self._received[part.name] = (part.filename, self._into)

    async def _append(self, data: bytes) -> None:
        if isinstance(self._into, Draft):
            await self._into.write(data)
        elif self._into is not None:
            self._text_limit -= len(data)
            if self._text_limit < 0:
                raise TooLarge(self._text_limit + len(data))
            self._into += data
