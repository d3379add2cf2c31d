"""Writes YAML in block style; every text is quoted, so that none is taken for a number, a time or a no."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from handlers.comics.formats import Object

_PLAIN = re.compile("[\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*")
# JSON lets these stand as they are, YAML does not, or reads them as the end of a line.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


class YamlWriter:
    """Writes one YAML document."""

    def __init__(self) -> None:
        self._filled = False

    def whole(self, value: Object, root: str) -> bytes:
        """Write one object."""
        return encode(mapping(value, ""))

    def begin(self, meta: Object) -> bytes:
        """Write the description of a list."""
        return encode(mapping({"meta": meta}, "")) + b"objects:"

    def add(self, objects: Sequence[Object]) -> bytes:
        """Write objects."""
        if not objects:
            return b""
        newline, self._filled = b"" if self._filled else b"\n", True
        return newline + encode(items(objects, ""))

    def end(self) -> bytes:
        """Write the end of a list."""
        return b"" if self._filled else b" []\n"


def encode(lines: Iterator[str]) -> bytes:
    """Join lines."""
    return "".join(f"{line}\n" for line in lines).encode()


def mapping(value: Object, indent: str) -> Iterator[str]:
    """Write an object, by name."""
    for name in sorted(value):
        inner = value[name]
        if inner and isinstance(inner, Mapping):
            yield f"{indent}{name}:"
            yield from mapping(inner, indent + "  ")
        elif inner and isinstance(inner, list):
            yield f"{indent}{name}:"
            yield from items(inner, indent)
        else:
            yield f"{indent}{name}: {scalar(inner)}"


def items(values: Sequence[Any], indent: str) -> Iterator[str]:
    """Write the values of a list."""
    for value in values:
        if value and isinstance(value, Mapping):
            for number, line in enumerate(mapping(value, indent + "  ")):
                yield line if number else f"{indent}- {line[len(indent) + 2 :]}"
        else:
            yield f"{indent}- {scalar(value)}"


def scalar(value: Any) -> str:
    """Write a text, a number, a truth value, nothing, or something empty."""
    if isinstance(value, str):
        return quote(value)
    return orjson.dumps(value).decode()


def quote(value: str) -> str:
    """Quote a text, with escapes where it needs some."""
    if _PLAIN.fullmatch(value):
        return "'" + value.replace("'", "''") + "'"
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", orjson.dumps(value).decode())
