"""Tables of what a message holds, read out of its JSON schema: a row for each field, inner ones too."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
DEEPEST = 4  # levels that are listed
WORDS: Mapping[str, str] = {
    "integer": "whole number",
    "string": "text",
    "boolean": "true or false",
    "number": "number",
    "object": "object",
    "null": "null",
}


@dataclass(frozen=True, slots=True)
class SchemaRow:
    """One field; its name is a path such as `images[].width`."""

    name: str
    type: str
    required: bool
    text: str


@dataclass(frozen=True, slots=True)
class Shape:
    """One of the forms that a message may have."""

    text: str
    rows: tuple[SchemaRow, ...]


class Tables:
    """Reads schemas that refer to some definitions."""

    def __init__(self, definitions: Schema) -> None:
        self._definitions = definitions

    def shapes(self, schema: Schema) -> tuple[Shape, ...]:
        """List the forms of a message."""
        found = self._resolve(schema)
        return tuple(
            Shape(str(each.get("description", "")), tuple(self._rows("", each, DEEPEST)))
            for each in map(self._resolve, found.get("anyOf", (found,)))
        )

    def _resolve(self, schema: Schema) -> Schema:
        if "$ref" not in schema:
            return schema
        return {**self._definitions[schema["$ref"].rpartition("/")[2]], **schema}

    def _rows(self, prefix: str, schema: Schema, levels: int) -> Iterator[SchemaRow]:
        if not levels:
            return
        required = schema.get("required", ())
        for name, field in schema.get("properties", {}).items():
            found = self._resolve(field)
            text = str(field.get("description") or found.get("description", ""))
            yield SchemaRow(prefix + name, self._name(found), name in required, text)
            yield from self._inner(prefix + name, found, levels - 1)

    def _inner(self, name: str, schema: Schema, levels: int) -> Iterator[SchemaRow]:
        """Go on inside an object, a list of them, or a table of them by some key."""
        if schema.get("type") == "array":
            yield from self._rows(f"{name}[].", self._resolve(schema.get("items", {})), levels)
        elif isinstance(entries := schema.get("additionalProperties"), Mapping):
            yield from self._rows(f"{name}.*.", self._resolve(entries), levels)
        else:
            yield from self._rows(f"{name}.", schema, levels)

    def _name(self, schema: Schema) -> str:
        """Name a type in plain words."""
        found = self._resolve(schema)
        if "const" in found:
            return json.dumps(found["const"])
        if "enum" in found:
            return join([json.dumps(each) for each in found["enum"]])
        if "anyOf" in found:
            return join([self._name(each) for each in found["anyOf"]])
        if found.get("type") == "array":
            return f"list of {self._name(found.get('items', {}))}s"
        if isinstance(entries := found.get("additionalProperties"), Mapping):
            return f"object of {self._name(entries)}s"
        return str(found.get("format") or WORDS.get(found.get("type", ""), "anything"))


def join(words: Sequence[str]) -> str:
    """Put alternatives into one text."""
    return " or ".join(words)
