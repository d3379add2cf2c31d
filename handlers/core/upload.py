"""Takes forms with files as they arrive: texts into memory, wanted files straight into storage."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar

from tornado.ioloop import IOLoop
from tornado.web import stream_request_body

from handlers.core.errors import ApiError, Malformed, TooLarge
from handlers.core.handler import DialectHandler
from handlers.core.multipart import BadForm, Multipart, Part, read_boundary
from handlers.core.operation import Operation
from storage.files import Draft, Files


class FormUpload:
    """One multipart form. Memory stays flat: a chunk of a file, and texts up to `text_limit` bytes in all.

    Of a repeated file the last counts. A file under a name that isn't wanted, and one that was chosen
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
        self._texts: list[tuple[str, bytearray]] = []
        self._received: dict[str, tuple[str, Draft]] = {}
        self._into: bytearray | Draft | None = None
        self._begun = False

    async def take(self, data: bytes) -> None:
        """Take the next bytes; returns when they are where they belong; raises Malformed, TooLarge."""
        self._begun = True
        try:
            for event in self._form.feed(data):
                if isinstance(event, Part):
                    await self._begin(event)
                else:
                    await self._append(event)
        except BadForm as error:
            raise Malformed(f"Multipart form parse error - {error}") from None

    def finish(self) -> None:
        """Check that the form is complete, or an empty body; raises Malformed."""
        try:
            if self._begun:
                self._form.finish()
        except BadForm as error:
            raise Malformed(f"Multipart form parse error - {error}") from None

    @property
    def texts(self) -> Sequence[tuple[str, str]]:
        """Return the texts with their names; bytes that are no UTF-8 are replaced."""
        return self.read_texts("replace")

    def read_texts(self, errors: str) -> Sequence[tuple[str, str]]:
        """Return the texts; `errors` says what becomes of bad UTF-8, "strict" refuses it: Malformed."""
        try:
            return [(name, bytes(value).decode("utf-8", errors)) for name, value in self._texts]
        except UnicodeDecodeError as error:
            raise Malformed(f"Multipart form parse error - {error}") from None

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
            self._into = bytearray()
            self._texts.append((part.name, self._into))
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


@stream_request_body
class UploadHandler(DialectHandler):
    """Takes a body as it arrives, after everything else was checked; mix it in before a dialect's handler.

    A refusal is answered when the body has been read, so that clients which send first and read later see
    it; nothing of such a body is kept. `form` holds a multipart form, `received` any other body.
    """

    wanted: ClassVar[tuple[str, ...]] = ("file",)
    form: FormUpload | None = None
    failure: Exception | None = None

    def initialize(self, refusal: ApiError | None = None, **options: Any) -> None:
        """Begin with nothing received."""
        self.form_type = self.request.headers.get("Content-Type", "")
        self.received = bytearray()
        self.complete = False
        super().initialize(refusal, **options)

    async def prepare(self) -> None:
        """Check everything but the body, and get ready for it."""
        try:
            await super().prepare()
            if not self._finished and self.form_type.lower().startswith("multipart/form-data"):
                limit = self.services.settings.max_body_bytes
                self.form = FormUpload(self.form_type, self.stores.files, self.wanted, limit)
        except Exception as error:
            # Who asks first is told at once, before anything is sent.
            if "Expect" in self.request.headers:
                raise
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Remember what the answer will be, whatever the method."""
        self.failure = error
        setattr(self, str(self.request.method).lower(), self.give_answer)

    async def give_answer(self, **_: str) -> None:
        """Answer with what went wrong before."""
        self.complete = True
        await self.clean_up()
        assert self.failure is not None
        raise self.failure

    async def data_received(self, chunk: bytes) -> None:
        """Take a part of the body; returning late slows the client down."""
        if self.failure is not None:
            return
        if self.form is None:
            self.received += chunk
            return
        try:
            await self.form.take(chunk)
        except Exception as error:
            self.fail(error)

    def on_connection_close(self) -> None:
        """Take back what was stored of an upload that broke off."""
        super().on_connection_close()
        if not self.complete:  # else the operation is running, and may be keeping it
            IOLoop.current().spawn_callback(self.clean_up)

    async def clean_up(self) -> None:
        """Take back what was stored and not kept."""
        if self.form is not None:
            form, self.form = self.form, None
            await form.abort()

    async def perform(
        self, declared: Operation, method: Callable[..., Awaitable[Any]], path: Mapping[str, str]
    ) -> None:
        """Run an operation; a file that it doesn't keep is taken back."""
        self.complete = True
        try:
            if self.form is not None:
                self.form.finish()
            await super().perform(declared, method, path)
        finally:
            await self.clean_up()
