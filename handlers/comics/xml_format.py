"""Writes XML: children by name, types as attributes, texts without one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from handlers.comics.formats import Object

DECLARATION = "<?xml version='1.0' encoding='utf-8'?>\n"
ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
# What XML 1.0 has no place for, section 2.2.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class XmlWriter:
    """Writes one XML document."""

    def whole(self, value: Object, root: str) -> bytes:
        """Write one object."""
        return f"{DECLARATION}<{root}>{children(value)}</{root}>".encode()

    def begin(self, meta: Object) -> bytes:
        """Write the description of a list."""
        return f'{DECLARATION}<response>{element("meta", meta)}<objects type="list">'.encode()

    def add(self, objects: Sequence[Object]) -> bytes:
        """Write objects."""
        return "".join(map(item, objects)).encode()

    def end(self) -> bytes:
        """Write the end of a list."""
        return b"</objects></response>"


def element(name: str, value: Any) -> str:
    """Write a named value."""
    match value:
        case str():
            return f"<{name}>{text(value)}</{name}>"
        case None:
            return f'<{name} type="null"/>'
        case bool():
            return f'<{name} type="boolean">{value}</{name}>'
        case int():
            return f'<{name} type="integer">{value}</{name}>'
        case Mapping():
            return f'<{name} type="hash">{children(value)}</{name}>'
    return f'<{name} type="list">{"".join(map(item, value))}</{name}>'


def item(value: Any) -> str:
    """Write a value of a list."""
    return f"<object>{children(value)}</object>" if isinstance(value, Mapping) else element("value", value)


def children(value: Object) -> str:
    """Write the values of an object, by name."""
    return "".join([element(name, value[name]) for name in sorted(value)])


def text(value: str) -> str:
    """Write a text without what XML forbids."""
    return _FORBIDDEN.sub("", value).translate(ESCAPED)
