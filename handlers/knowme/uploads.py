"""Paths that take files: the form is stored while it arrives, after everything else was checked."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from tornado.ioloop import IOLoop
from tornado.web import stream_request_body

from handlers.core.download import content_type
from handlers.core.errors import ApiError
from handlers.core.operation import Operation
from handlers.core.upload import FormUpload
from handlers.knowme.body import MULTIPART_TYPE, fold, read_fields
from handlers.knowme.rules import KnowMeHandler
from storage.files import Draft
from storage.knowme import Upload

ADDRESS_BYTES = 16  # 128 random bits
LONGEST_FILE_NAME = 100


def clean_name(name: str) -> str:
    """Return the last part of a client's file name, harmless in a path; never empty, never hidden."""
    base = re.split(r"[/\\]", name.strip())[-1]
    harmless = re.sub(r"[^\w.-]", "", re.sub(r"\s", "_", base.encode("utf-8", "replace").decode()))
    return re.sub(r"\.{2,}", ".", harmless).lstrip(".")[-LONGEST_FILE_NAME:] or "file"


def make_upload(name: str, draft: Draft) -> Upload:
    """Give a received file an address that nobody can guess and its cleaned name at the end."""
    cleaned = clean_name(name)
    return Upload(draft, f"{secrets.token_hex(ADDRESS_BYTES)}/{cleaned}", content_type(cleaned))


@stream_request_body
class UploadHandler(KnowMeHandler):
    """Checks everything before the body arrives; a refusal is answered when the body has been read.

    Clients that send first and read later see the answer that way; nothing of such a body is kept.
    """

    wanted: ClassVar[tuple[str, ...]] = ("file",)
    form: FormUpload | None = None
    failure: BaseException | None = None

    def initialize(self, refusal: ApiError | None = None, **options: Any) -> None:
        """Begin with nothing received."""
        super().initialize(refusal, **options)
        self.received = bytearray()
        self.complete = False

    async def prepare(self) -> None:
        """Check everything but the body, and get ready for it."""
        try:
            await super().prepare()
            if not self._finished and self.content_type.lower().startswith(MULTIPART_TYPE):
                limit = self.services.settings.max_body_bytes
                self.form = FormUpload(self.content_type, self.stores.files, self.wanted, limit)
        except Exception as error:
            # Someone who asks first (Expect) is told at once.
            if "Expect" in self.request.headers:
                raise
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Remember what the answer will be."""
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

    def read_fields(self) -> Mapping[str, Any]:
        """Read the body's fields; the wanted files are among them, as uploads."""
        if self.form is None:
            return read_fields(self.content_type, bytes(self.received))
        files = {name: make_upload(given, draft) for name, (given, draft) in self.form.files.items()}
        return {**fold(self.form.texts.items()), **files}
