"""Writes binary property lists, the null object included, which Python's own writer does not know.

A file is its objects, each once, then the table of their offsets and a trailer that says where that is.
Objects point at one another by number and may come in any order, so a list can be written in batches.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from handlers.comics.formats import Object

MAGIC = b"bplist00"
REFERENCE = 4  # bytes of an object's number
OFFSET = 8  # bytes of an object's place
NULL, FALSE, TRUE, INTEGER, ASCII, UTF16, ARRAY, DICT = 0x00, 0x08, 0x09, 0x10, 0x50, 0x60, 0xA0, 0xD0
LONG = 0x0F  # of a size: it follows as an integer
SIZES = ((1 << 8, ">B", 0), (1 << 16, ">H", 1), (1 << 32, ">L", 2))


class PlistWriter:
    """Writes one property list."""

    def __init__(self) -> None:
        self._offsets = array("Q")
        self._known: dict[Any, int] = {}
        self._length = 0
        self._pieces: list[bytes] = []
        self._meta = 0
        self._objects = array("L")

    def whole(self, value: Object, root: str) -> bytes:
        """Write one object."""
        self._write(MAGIC)
        return self._finish(self._put(value))

    def begin(self, meta: Object) -> bytes:
        """Write the description of a list."""
        self._write(MAGIC)
        self._meta = self._put(meta)
        return self._take()

    def add(self, objects: Sequence[Object]) -> bytes:
        """Write objects."""
        self._objects.extend([self._put(each) for each in objects])
        return self._take()

    def end(self) -> bytes:
        """Write the end of a list."""
        keys = [self._put("meta"), self._put("objects")]
        return self._finish(self._put_dict(keys, [self._meta, self._put_array(self._objects)]))

    def _put(self, value: Any) -> int:
        """Write a value after what it holds; return its number. Equal plain values are written once."""
        if isinstance(value, Mapping):
            names = sorted(value)
            keys = [self._put(name) for name in names]
            return self._put_dict(keys, [self._put(value[name]) for name in names])
        if isinstance(value, list):
            return self._put_array([self._put(each) for each in value])
        known = (type(value), value)  # True is not 1
        if (number := self._known.get(known)) is None:
            number = self._known[known] = self._add(plain(value))
        return number

    def _put_dict(self, keys: Sequence[int], values: Sequence[int]) -> int:
        return self._add(mark(DICT, len(keys)) + references(keys) + references(values))

    def _put_array(self, values: Sequence[int]) -> int:
        return self._add(mark(ARRAY, len(values)) + references(values))

    def _add(self, content: bytes) -> int:
        self._offsets.append(self._length)
        self._write(content)
        return len(self._offsets) - 1

    def _write(self, content: bytes) -> None:
        self._pieces.append(content)
        self._length += len(content)

    def _take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken

    def _finish(self, top: int) -> bytes:
        table = self._length
        self._write(struct.pack(f">{len(self._offsets)}Q", *self._offsets))
        self._write(struct.pack(">6xBBQQQ", OFFSET, REFERENCE, len(self._offsets), top, table))
        return self._take()


def plain(value: str | int | bool | None) -> bytes:
    """Write a value that holds no others."""
    match value:
        case None:
            return bytes([NULL])
        case bool():
            return bytes([TRUE if value else FALSE])
        case int():
            return integer(value)
    if value.isascii():
        return mark(ASCII, len(value)) + value.encode("ascii")
    encoded = value.encode("utf-16-be")
    return mark(UTF16, len(encoded) // 2) + encoded


def integer(value: int) -> bytes:
    """Write a whole number; short forms are never negative."""
    for limit, form, power in SIZES:
        if 0 <= value < limit:
            return bytes([INTEGER | power]) + struct.pack(form, value)
    return bytes([INTEGER | 3]) + struct.pack(">q", value)


def mark(kind: int, size: int) -> bytes:
    """Write what an object is, and how long."""
    return bytes([kind | size]) if size < LONG else bytes([kind | LONG]) + integer(size)


def references(numbers: Iterable[int]) -> bytes:
    """Write the numbers of other objects."""
    found = list(numbers)
    return struct.pack(f">{len(found)}L", *found)
