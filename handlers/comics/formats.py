"""Writers of answers: a whole value at once, or a list that comes in batches; JSON and JSONP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import orjson

Object = Mapping[str, Any]  # texts, numbers, truth values, None, lists and objects; keys in sorted order
LINES = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))  # ends of lines in old JavaScript


class Writer(Protocol):
    """Writes one answer: either `whole`, or `begin`, any number of `add`, and `end`.

    `root` names what a format that names its root calls it: an object, or else a response.
    """

    def whole(self, value: Object, root: str) -> bytes:
        """Write one object."""

    def begin(self, meta: Object) -> bytes:
        """Write what comes before the objects of a list."""

    def add(self, objects: Sequence[Object]) -> bytes:
        """Write some of the objects."""

    def end(self) -> bytes:
        """Write what comes after them."""


class JsonWriter:
    """Writes JSON."""

    def __init__(self) -> None:
        self._filled = False

    def whole(self, value: Object, root: str) -> bytes:
        """Write one object."""
        return orjson.dumps(value)

    def begin(self, meta: Object) -> bytes:
        """Write the description of a list."""
        return b'{"meta":' + orjson.dumps(meta) + b',"objects":['

    def add(self, objects: Sequence[Object]) -> bytes:
        """Write objects."""
        if not objects:
            return b""
        comma, self._filled = b"," if self._filled else b"", True
        return comma + orjson.dumps(objects)[1:-1]

    def end(self) -> bytes:
        """Write the end of a list."""
        return b"]}"


class JsonpWriter:
    """Writes a call of a function with JSON in it."""

    def __init__(self, callback: str = "callback") -> None:
        self._callback = callback.encode()
        self._json = JsonWriter()

    def whole(self, value: Object, root: str) -> bytes:
        """Write one object."""
        return self._callback + b"(" + escape(self._json.whole(value, root)) + b")"

    def begin(self, meta: Object) -> bytes:
        """Write the description of a list."""
        return self._callback + b"(" + escape(self._json.begin(meta))

    def add(self, objects: Sequence[Object]) -> bytes:
        """Write objects."""
        return escape(self._json.add(objects))

    def end(self) -> bytes:
        """Write the end of a list."""
        return self._json.end() + b")"


def escape(content: bytes) -> bytes:
    """Escape what is good in JSON and ends a line in JavaScript."""
    for character, escaped in LINES:
        content = content.replace(character, escaped)
    return content
