"""Reads the bodies that change subscriptions; every key but the known ones is ignored; raises Malformed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from handlers.comics.errors import INVALID_JSON, NO_COMIC
from handlers.core.body import LARGEST, read_json
from handlers.core.errors import Malformed, NotFound
from storage.comics.subscriptions import Entry

_URI = r"(?:[Hh][Tt][Tt][Pp][Ss]?://[^/?#\s]+)?/api/v1/{}/([0-9]{{1,40}})/"
_COMIC = re.compile(_URI.format("comics"), re.ASCII)
_SUBSCRIPTION = re.compile(_URI.format("subscriptions"), re.ASCII)


@dataclass(frozen=True, slots=True)
class ComicReference:
    """A comic, and how the client named it."""

    id: int
    uri: str


@dataclass(frozen=True, slots=True)
class Changes:
    """Many changes: what is to be, and the ids of what is to go."""

    comics: Sequence[ComicReference]
    entries: Sequence[Entry]
    deleted: Sequence[int]

    def named(self, comic_id: int) -> ComicReference:
        """Return how the client named a comic."""
        return next(each for each in self.comics if each.id == comic_id)


def read_body(body: bytes) -> Any:
    """Read the JSON value."""
    try:
        return read_json(body)
    except Malformed:
        raise Malformed(INVALID_JSON) from None


def read_comic(value: Any) -> ComicReference:
    """Read which comic an object names."""
    if not isinstance(value, dict) or "comic" not in value:
        raise Malformed(NO_COMIC)
    uri = value["comic"]
    if not isinstance(uri, str) or (number := read_uri(_COMIC, uri)) is None:
        raise Malformed("The 'comic' field takes the resource URI of a comic, such as '/api/v1/comics/18/'.")
    reference = ComicReference(number, uri)
    if not 0 < number <= LARGEST:
        raise refuse_comic(reference)
    return reference


def refuse_comic(reference: ComicReference) -> Malformed:
    """Refuse a comic that does not exist, as it was named."""
    return Malformed(f"Could not find the provided comics object via resource URI '{reference.uri}'.")


def read_changes(value: Any) -> Changes:
    """Read a list of what is to be and a list of what is to go; raises NotFound, too."""
    if not isinstance(value, dict):
        raise Malformed("An object with 'objects' and 'deleted_objects' was expected.")
    found = [(read_comic(each), read_target(each)) for each in read_list(value, "objects")]
    return Changes(
        [comic for comic, _ in found],
        [Entry(comic.id, target) for comic, target in found],
        [read_subscription(each) for each in read_list(value, "deleted_objects")],
    )


def read_list(value: dict[str, Any], name: str) -> list[Any]:
    """Read a list that may be missing."""
    found = value.get(name, [])
    if not isinstance(found, list):
        raise Malformed(f"'{name}' must be a list.")
    return found


def read_target(entry: dict[str, Any]) -> int | None:
    """Read which subscription an entry changes; None where it is a new one."""
    if "resource_uri" not in entry:
        return None
    if not isinstance(entry["resource_uri"], str):
        raise Malformed("The 'resource_uri' field takes the resource URI of a subscription.")
    return read_subscription(entry["resource_uri"])


def read_subscription(uri: Any) -> int:
    """Read the id in a subscription's URI; raises NotFound for what leads to none."""
    number = read_uri(_SUBSCRIPTION, uri) if isinstance(uri, str) else None
    if number is None or number > LARGEST:
        raise NotFound
    return number


def read_uri(form: re.Pattern[str], uri: str) -> int | None:
    """Read the id in a URI of a form."""
    found = form.fullmatch(uri)
    return int(found[1]) if found is not None else None
