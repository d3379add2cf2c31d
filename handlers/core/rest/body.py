"""Reads request bodies: JSON, URL-encoded forms, multipart forms; one mapping of fields from each."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from handlers.core.errors import FieldError, Invalid, Malformed, OtherStatus, TooLarge
from handlers.core.multipart import Multipart, Part, read_boundary

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"
MULTIPART_TYPE = "multipart/form-data"
MOST_FIELDS = 1000


@dataclass(frozen=True, slots=True)
class SentFile:
    """Stands in the fields for a file where no file is wanted."""

    name: str


@dataclass(frozen=True, slots=True)
class Spelling:
    """How forms spell what they can't say: of `lists` they repeat the key, of `nullable` a blank is null."""

    lists: Collection[str] = ()
    nullable: Collection[str] = ()


PLAIN = Spelling()


def read_fields(
    content_type: str, body: bytes, spelling: Spelling = PLAIN, *, text_limit: int | None = None
) -> Mapping[str, Any]:
    """Read a body's fields; an empty one has none; raises Malformed, Invalid, TooLarge, OtherStatus(415)."""
    if not body:
        return {}
    kind = content_type.partition(";")[0].strip().lower()
    if kind == JSON_TYPE:
        return read_json(body)
    if kind == FORM_TYPE:
        return read_form(body, spelling)
    if kind == MULTIPART_TYPE:
        return read_multipart(content_type, body, spelling, text_limit=text_limit)
    raise OtherStatus(415, f'Unsupported media type "{content_type}" in request.')


def read_json(body: bytes) -> Mapping[str, Any]:
    """Read a JSON object.

    The standard library's reader, unlike a faster one, lets lone surrogates through to the fields,
    whose own message about them the contract asks for.
    """
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except RecursionError:
        raise Malformed("JSON parse error - too deeply nested") from None
    except ValueError as error:
        raise Malformed(f"JSON parse error - {error}") from None
    if not isinstance(value, dict):
        reason = f"Invalid data. Expected a dictionary, but got {type(value).__name__}."
        raise Invalid([FieldError("non_field_errors", "dict_type", reason)])
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"Out of range float values are not JSON compliant: {name!r}")


def read_form(body: bytes, spelling: Spelling = PLAIN, errors: str = "replace") -> Mapping[str, Any]:
    """Read a URL-encoded form; `errors` says what becomes of bad UTF-8, "strict" refuses it."""
    try:
        pairs = parse_qsl(
            body.decode("utf-8", errors),
            keep_blank_values=True,
            errors=errors,
            max_num_fields=MOST_FIELDS,
        )
    except ValueError as error:
        raise Malformed(f"Form parse error - {error}") from None
    return fold(pairs, spelling)


def read_multipart(
    content_type: str,
    body: bytes,
    spelling: Spelling = PLAIN,
    errors: str = "replace",
    *,
    text_limit: int | None = None,
) -> Mapping[str, Any]:
    """Read a multipart form; of its files only the names are kept, its texts have a limit in all (bytes)."""
    pairs: list[tuple[str, Any]] = []
    try:
        form = Multipart(read_boundary(content_type))
        for event in form.feed(body):
            if isinstance(event, Part):
                pairs.append((event.name, SentFile(event.filename) if event.filename else bytearray()))
            elif isinstance(pairs[-1][1], bytearray):
                pairs[-1][1].extend(event)
        form.finish()
        decoded = [
            (name, value.decode("utf-8", errors) if isinstance(value, bytearray) else value)
            for name, value in pairs
        ]
    except ValueError as error:
        raise Malformed(f"Multipart form parse error - {error}") from None
    written = sum(len(value) for _, value in pairs if isinstance(value, bytearray))
    if text_limit is not None and written > text_limit:
        raise TooLarge(text_limit)
    return fold(decoded, spelling)


def fold(pairs: Collection[tuple[str, Any]], spelling: Spelling = PLAIN) -> dict[str, Any]:
    """Make fields of a form's pairs: of a repeated one the last counts, `a.b` is `b` inside `a`.

    A list with a single, blank entry has none.
    """
    fields: dict[str, Any] = {name: [] for name, _ in pairs if name in spelling.lists}
    for key, value in pairs:
        parent, dot, name = key.partition(".")
        if key in spelling.lists:
            fields[key] += [value] if value != "" else []
        elif not dot:
            fields[key] = None if value == "" and key in spelling.nullable else value
        elif isinstance(inner := fields.setdefault(parent, {}), dict):
            inner[name] = value
    return fields
