"""PyBossa's exports: a bundle of lists by kind, a list of rows, or rows one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from storage.imports.dumpdata import Text
from storage.imports.record import BadRecord, Record
from storage.imports.source import DumpFile, Source

KINDS = ("user", "category", "project", "task", "task_run")  # in the order of loading
LABEL = "pybossa"  # of the records of all kinds, so that one pass over the file writes them in that order
SPACE = "pybossa."


def guess_kind(row: Any) -> str | None:
    """Tell the kind of a row by its keys, None for what is none."""
    keys = row.keys() if isinstance(row, dict) else frozenset[str]()
    if "task_id" in keys:
        return "task_run"
    if "project_id" in keys and ("n_answers" in keys or "state" in keys):
        return "task"
    if "short_name" in keys:
        return "project" if "owner_id" in keys else "category"
    return "user" if "email_addr" in keys else None


class Rows:
    """Reads rows and says where they stand: the number of a record is that among those of its kind."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._count: Counter[str] = Counter()
        self.place = 0

    def listed(self, kind: str) -> Iterator[Record]:
        """Read a list; raises ValueError."""
        if not self._text.take("["):
            raise ValueError(f"{kind} is not a list")
        if self._text.take("]"):
            return
        while True:
            yield self._read(kind)
            if self._text.take("]"):
                return
            if not self._text.take(","):
                raise ValueError("a comma is missing behind it")

    def loose(self, kind: str) -> Iterator[Record]:
        """Read rows up to the end of the file; raises ValueError."""
        while self._text.sign():
            yield self._read(kind)

    def _read(self, kind: str) -> Record:
        self._count[kind] += 1
        self.place = self._count[kind]
        self._text.sign()
        row = self._text.value()
        if not isinstance(row, dict):
            raise ValueError(f"{kind} is not an object")
        try:
            size = len(orjson.dumps(row))
        except TypeError as error:  # numbers beyond 64 bits, lone surrogates
            raise ValueError(f"{kind}: {error}") from error
        return Record(self.place, {"kind": kind, "row": row}, size, LABEL)


@contextmanager
def reading(file: DumpFile) -> Iterator[tuple[Text, Rows]]:
    """Open a file for one pass; raises BadRecord, Changed and OSError."""
    with file.open() as content:
        text = Text(content)
        rows = Rows(text)
        try:
            yield text, rows
        except UnicodeDecodeError as error:
            raise BadRecord(rows.place, "is not UTF-8") from error
        except ValueError as error:
            raise BadRecord(rows.place, str(error)) from error


@dataclass(frozen=True, slots=True)
class RowFile:
    """A file of rows of one kind: a JSON list, or one row after the other."""

    file: DumpFile
    kind: str
    unit: str = "record"

    def records(self) -> Iterator[Record]:
        """Go through the rows; raises BadRecord, Changed and OSError."""
        with reading(self.file) as (text, rows):
            yield from rows.listed(self.kind) if text.sign() == "[" else rows.loose(self.kind)
            if text.sign():
                raise ValueError("there is more behind the list")


@dataclass(frozen=True, slots=True)
class Bundle:
    """A file with one object that holds lists by kind.

    Rows come in the order of loading, whatever that of the file: what others refer to is ahead of them.
    """

    file: DumpFile
    ordered: bool
    unit: str = "record"

    def records(self) -> Iterator[Record]:
        """Go through the rows; raises BadRecord, Changed and OSError."""
        if self.ordered:
            yield from self._pass(frozenset(KINDS))
        else:
            for kind in KINDS:
                yield from self._pass(frozenset({kind}))

    def _pass(self, wanted: frozenset[str]) -> Iterator[Record]:
        with reading(self.file) as (text, rows):
            for name in read_keys(text, skipping=False):
                if name in wanted:
                    yield from rows.listed(name)
                else:
                    skip(text)
            if text.sign():
                raise ValueError("there is more behind the object")


def read_keys(text: Text, *, skipping: bool = True) -> Iterator[str]:
    """Go through the keys of an object; who does not want `skipping` takes each value before the next key."""
    if not text.take("{"):
        raise ValueError("the file is not an object")
    if text.take("}"):
        return
    while True:
        text.sign()
        name = text.value()
        if not isinstance(name, str) or not text.take(":"):
            raise ValueError("the file is not an object")
        yield name
        if skipping:
            skip(text)
        if text.take("}"):
            return
        if not text.take(","):
            raise ValueError(f"a comma is missing behind {name}")


def skip(text: Text) -> None:
    """Pass over a value; of a list only an element at a time is in memory."""
    if not text.take("["):
        text.sign()
        text.value()
        return
    while not text.take("]"):
        text.sign()
        text.value()
        text.take(",")


def find_source(file: DumpFile, kind: str | None) -> Source | None:
    """Find out how to read a file; None where it is none of PyBossa's, or says too little."""
    try:
        with file.open() as content:
            text = Text(content)
            if kind is not None:
                return RowFile(file, kind)
            if text.take("["):
                guessed = None if text.sign() == "]" else guess_kind(text.value())
                return RowFile(file, guessed) if guessed is not None else None
            if holds_lists(text):
                return Bundle(file, is_ordered(file))
    except ValueError:
        return None
    return find_loose(file)


def holds_lists(text: Text) -> bool:
    """Tell whether an object holds a list under the name of a kind."""
    for name in read_keys(text, skipping=False):
        if name in KINDS and text.sign() == "[":
            return True
        skip(text)
    return False


def is_ordered(file: DumpFile) -> bool:
    """Tell whether the kinds of a bundle stand in the order of loading; broken files are read as they are."""
    try:
        with file.open() as content:
            found = [kind for kind in read_keys(Text(content)) if kind in KINDS]
    except ValueError:
        return True
    return found == sorted(found, key=KINDS.index)


def find_loose(file: DumpFile) -> Source | None:
    """Find the kind of rows that follow one another."""
    try:
        with file.open() as content:
            text = Text(content)
            guessed = guess_kind(text.value()) if text.sign() else None
    except ValueError:
        return None
    return RowFile(file, guessed) if guessed is not None else None
