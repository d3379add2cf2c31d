"""Multipart forms (RFC 7578) read as they arrive: bytes in, parts and their content out; no sockets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from urllib.parse import unquote

MOST_PARTS = 100
LARGEST_HEAD = 8192  # bytes of one part's headers
LONGEST_BOUNDARY = 70  # RFC 2046 5.1.1

_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))', re.IGNORECASE)
_PARAMETER = re.compile(r';\s*([\w-]+\*?)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^\s;"]*))')


class BadForm(ValueError):
    """The bytes are no multipart form."""


@dataclass(frozen=True, slots=True)
class Part:
    """The beginning of a part; one with a file name, even an empty one, comes from a file's field."""

    name: str
    filename: str | None


class _Expecting(Enum):
    DELIMITER = "the delimiter, and whatever stands before it"
    DELIMITER_END = "the end of the delimiter's line"
    HEAD = "a part's headers"
    NOTHING = "nothing: the last delimiter was there"


class Multipart:
    """Reads one form; yields each part, followed by its content in pieces.

    Holds back no more than a delimiter's length of content, and no more than one part's headers.
    """

    def __init__(self, boundary: bytes, most_parts: int = MOST_PARTS) -> None:
        self._delimiter = b"\r\n--" + boundary
        # The first delimiter has no line end of its own before it.
        self._buffer = bytearray(b"\r\n")
        self._expecting = _Expecting.DELIMITER
        self._inside = False
        self._left = most_parts

    def feed(self, data: bytes) -> Iterator[Part | bytes]:
        """Take the next bytes and yield what they complete; exhaust it before feeding more."""
        self._buffer += data
        progress = True
        while progress:
            match self._expecting:
                case _Expecting.DELIMITER:
                    content, progress = self._read_content()
                    if content and self._inside:
                        yield content
                case _Expecting.DELIMITER_END:
                    progress = self._read_delimiter_end()
                case _Expecting.HEAD:
                    part = self._read_head()
                    progress = part is not None
                    if part is not None:
                        yield part
                case _Expecting.NOTHING:
                    self._buffer.clear()
                    progress = False

    def finish(self) -> None:
        """Check that the form is complete; raises BadForm."""
        if self._expecting is not _Expecting.NOTHING:
            raise BadForm("the form ends before its last delimiter")

    def _take(self, length: int) -> bytes:
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken

    def _read_content(self) -> tuple[bytes, bool]:
        found = self._buffer.find(self._delimiter)
        if found < 0:
            # The beginning of a delimiter may be here already.
            return self._take(max(0, len(self._buffer) - len(self._delimiter) + 1)), False
        content = self._take(found)
        self._take(len(self._delimiter))
        self._expecting = _Expecting.DELIMITER_END
        return content, True

    def _read_delimiter_end(self) -> bool:
        if len(self._buffer) < 2:
            return False
        if self._buffer.startswith(b"--"):
            self._expecting = _Expecting.NOTHING
            return True
        end = self._buffer.find(b"\r\n")
        if end < 0 and len(self._buffer) <= LARGEST_HEAD:
            return False
        if end < 0 or self._take(end).strip(b" \t"):
            raise BadForm("a delimiter is followed by something else")
        # Keeps the line end: headers may be absent, then an empty line follows at once.
        self._expecting = _Expecting.HEAD
        return True

    def _read_head(self) -> Part | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end > LARGEST_HEAD or (end < 0 and len(self._buffer) > LARGEST_HEAD):
            raise BadForm("a part's headers are too long")
        if end < 0:
            return None
        if not self._left:
            raise BadForm("the form has too many parts")
        self._left -= 1
        head = self._take(end)
        self._take(4)
        self._expecting = _Expecting.DELIMITER
        self._inside = True
        return read_part(head.decode("utf-8", "replace"))


def read_boundary(content_type: str) -> bytes:
    """Return the boundary that a Content-Type names; raises BadForm."""
    found = _BOUNDARY.search(content_type)
    boundary = (found[1] or found[2]).rstrip() if found is not None else ""
    if not boundary.isascii() or not 1 <= len(boundary) <= LONGEST_BOUNDARY:
        raise BadForm(f"Invalid boundary in multipart: {boundary or None}")
    return boundary.encode()


def read_part(head: str) -> Part:
    """Read a part's headers; one without a name gets an empty one."""
    for line in head.split("\r\n"):
        label, _, value = line.partition(":")
        if label.strip().lower() == "content-disposition":
            return _read_disposition(value)
    return Part("", None)


def _read_disposition(value: str) -> Part:
    parameters = {
        name.lower(): re.sub(r'\\(["\\])', r"\1", quoted) if quoted else plain
        for name, quoted, plain in _PARAMETER.findall(value)
    }
    filename = parameters.get("filename")
    if (encoded := parameters.get("filename*")) is not None and encoded.lower().startswith("utf-8'"):
        filename = unquote(encoded.split("'", 2)[-1])
    return Part(parameters.get("name", ""), filename)
