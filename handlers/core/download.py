"""Sends stored files: in pieces, with ranges and validators, and so that nothing in them runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from mimetypes import MimeTypes
from typing import Any, cast
from urllib.parse import quote

from tornado.iostream import StreamClosedError

from handlers.core.handler import DialectHandler
from storage.files import StoredFile

UNKNOWN = "application/octet-stream"
SHOWN = frozenset({"text/plain", "application/pdf"})
SHOWN_KINDS = frozenset({"image", "audio", "video"})
SVG = "image/svg+xml"
_TYPES = MimeTypes()
_RANGE = re.compile(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*", re.ASCII)


def content_type(name: str) -> str:
    """Return the type that a file's name tells, whatever this machine's own tables say."""
    found, compressed = _TYPES.guess_type(f"file:{quote(name)}", strict=False)
    return UNKNOWN if found is None or compressed is not None else found


def is_shown(kind: str) -> bool:
    """Tell whether a browser may show the type; everything that it could run is only for saving."""
    return kind in SHOWN or (kind != SVG and kind.partition("/")[0] in SHOWN_KINDS)


def read_range(header: str, length: int) -> tuple[int, int] | None:
    """Read one range as (start, stop); None means the whole, an empty one that there is nothing there.

    What isn't understood, several ranges included, is ignored, as RFC 9110 14.2 lets servers do.
    """
    found = _RANGE.fullmatch(header)
    if found is None or found[1] == found[2] == "":
        return None
    if not found[1]:
        return (max(0, length - int(found[2])), length) if int(found[2]) else (0, 0)
    start, stop = int(found[1]), min(int(found[2]) + 1, length) if found[2] else length
    if found[2] and int(found[2]) < start:
        return None
    return (start, stop) if start < length else (0, 0)


def is_picture(kind: str) -> bool:
    """Tell whether the type is a picture that a browser may show."""
    return kind != SVG and kind.startswith("image/")


async def send_file(
    handler: DialectHandler, file: StoredFile, name: str, shows: Callable[[str], bool] = is_shown
) -> None:
    """Send a file under a name, which decides its type; the address must change with the content.

    What `shows` does not let browsers show is only for saving.
    """
    etag = f'"{file.digest or file.id}"'
    _describe(handler, name, etag, shown=shows(content_type(name)))
    if handler.check_etag_header():
        handler.set_status(304)
        handler.clear_header("Content-Type")
        handler.finish()
        return
    wanted = None
    if handler.request.headers.get("If-Range", etag) == etag:
        wanted = read_range(handler.request.headers.get("Range", ""), file.length)
    start, stop = wanted or (0, file.length)
    if wanted is not None:
        handler.set_status(206 if start < stop else 416)
        span = f"{start}-{stop - 1}" if start < stop else "*"
        handler.set_header("Content-Range", f"bytes {span}/{file.length}")
    handler.set_header("Content-Length", str(stop - start))
    if handler.request.method != "HEAD":
        await _send_bytes(handler, file, start, stop)
    handler.finish()


def _describe(handler: DialectHandler, name: str, etag: str, *, shown: bool) -> None:
    kind = content_type(name)
    handler.set_header("Content-Type", "text/plain; charset=utf-8" if kind == "text/plain" else kind)
    handler.set_header("X-Content-Type-Options", "nosniff")
    if not shown:
        # The host shares its origin with cookie sessions. (Sandboxed, browsers' own viewers would fail.)
        handler.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
        handler.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(name, safe='')}")
    handler.set_header("Accept-Ranges", "bytes")
    handler.set_header("Cache-Control", "private, max-age=86400, immutable")
    handler.set_header("ETag", etag)


async def _send_bytes(handler: DialectHandler, file: StoredFile, start: int, stop: int) -> None:
    try:
        async for piece in handler.stores.files.read(file, start, stop):
            handler.write(piece)
            # Waits until the client has taken it, so that a slow one holds no more than a piece.
            await handler.flush()
    except (StreamClosedError, ConnectionAbortedError):
        # The client went away, or the file did: less than announced must not look complete.
        cast("Any", handler.request.connection).close()
