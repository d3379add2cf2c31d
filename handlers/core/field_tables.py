"""Tables of fields, made from the models that check them: what documents and forms show."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} entries",
    "maxItems": "at most {} entries",
}


class Schemas(GenerateJsonSchema):
    """Makes schemas; a default that JSON can't write stays out of them without a warning."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field as people read it; `simple` ones can be typed into one line."""

    name: str
    type: str
    required: bool
    choices: tuple[str, ...]
    limits: str
    description: str
    simple: bool


@functools.cache
def list_fields(model: type[BaseModel]) -> tuple[FieldRow, ...]:
    """List the fields of a model."""
    schema = model.model_json_schema(schema_generator=Schemas)
    return read_rows(schema, schema.get("$defs", {}))


def read_rows(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> tuple[FieldRow, ...]:
    """Read the rows out of an object's JSON schema."""
    required = schema.get("required", ())
    return tuple(
        make_row(name, name in required, merge(found, definitions))
        for name, found in schema.get("properties", {}).items()
    )


def merge(found: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """Resolve a reference, and the one alternative to null."""
    if "$ref" in found:
        return {**definitions.get(found["$ref"].rpartition("/")[2], {}), **found}
    options = [each for each in found.get("anyOf", ()) if each.get("type") != "null"]
    if len(options) == 1:
        nullable = {"nullable": True} if len(options) < len(found["anyOf"]) else {}
        return {**merge(options[0], definitions), **found, **nullable}
    return found


def make_row(name: str, required: bool, schema: Mapping[str, Any]) -> FieldRow:
    """Make the row of one field."""
    kind = name_type(schema)
    choices = schema.get("enum") or schema.get("items", {}).get("enum", ())
    return FieldRow(
        name,
        f"{kind} or null" if schema.get("nullable") else kind,
        required,
        tuple(str(value) for value in choices if value not in (None, "")),
        ", ".join(text.format(schema[key]) for key, text in BOUNDS.items() if key in schema),
        str(schema.get("description", "")),
        schema.get("type") not in {"array", "object"},
    )


def name_type(schema: Mapping[str, Any]) -> str:
    """Name a type in plain words."""
    kind = schema.get("type")
    if kind == "array":
        entries = schema.get("items", {}).get("format")
        return "list" if entries is None else f"list of {entries}"
    if kind == "string":
        return str(schema.get("format", "text"))
    names: Mapping[Any, str] = {"integer": "whole number", "boolean": "true or false", "object": "object"}
    return names.get(kind, str(kind or "any"))
