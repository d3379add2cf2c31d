"""mongoexport's files: one document of Extended JSON a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import bson
import orjson

from storage.driver import BSONError
from storage.extended_json import loads
from storage.imports.record import BadRecord, Record, blame
from storage.imports.source import DumpFile

LONGEST_LINE = 48 * 1024 * 1024  # bytes: what a document of 16 MiB may take as text
LARGEST = 16 * 1024 * 1024 - 16 * 1024  # bytes of a document, with room for what is filled in
DEEPEST = 100  # levels of a document; MongoDB takes 200, and counts what a write wraps around them


@dataclass(frozen=True, slots=True)
class Lines:
    """A file of mongoexport; its records are all of one collection."""

    file: DumpFile
    collection: str
    unit: str = "line"

    def records(self) -> Iterator[Record]:
        """Go through the documents, blank lines left out; raises BadRecord, Changed and OSError."""
        with self.file.open() as file:
            place = 0
            while line := file.readline(LONGEST_LINE):
                place += 1
                if len(line) == LONGEST_LINE:
                    raise BadRecord(place, "is too long")
                if place == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                if not line.isspace():
                    yield read_line(place, line, self.collection)


def read_line(place: int, line: bytes, collection: str) -> Record:
    """Read one document with an `_id`, one that the database can hold; raises BadRecord."""
    try:
        row = loads(line)
    except orjson.JSONDecodeError as error:
        raise BadRecord(place, f"is not JSON: {error}") from error
    except ValueError as error:
        raise BadRecord(place, str(error)) from error
    if not isinstance(row, dict):
        raise BadRecord(place, "is not an object")
    record = Record(place, row, len(line), collection)
    with blame(record):
        check_storable(row)
    return record


def check_storable(row: dict[str, object]) -> None:
    """Raise ValueError where the database would refuse the document."""
    if row.get("_id") is None or isinstance(row["_id"], list):
        raise ValueError("_id is missing" if row.get("_id") is None else "_id is a list")
    check_depth(row)
    try:
        size = len(bson.encode(row))
    except (BSONError, OverflowError) as error:
        raise ValueError(str(error)) from error
    if size > LARGEST:
        raise ValueError("is larger than a document may be")


def check_depth(row: dict[str, object]) -> None:
    """Raise ValueError where there are too many levels; level by level, as recursion has limits itself."""
    level: list[Any] = [row]
    for _ in range(DEEPEST):
        inner = (each.values() if isinstance(each, dict) else each for each in level)
        level = [value for values in inner for value in values if isinstance(value, dict | list)]
        if not level:
            return
    raise ValueError(f"is nested deeper than {DEEPEST} levels")
