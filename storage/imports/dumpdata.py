"""Django's dumpdata files: one JSON list of `{"model", "pk", "fields"}`, read piece by piece."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

import orjson

from storage.imports.record import BadRecord, Record
from storage.imports.source import DumpFile

PIECE = 256 * 1024  # bytes
LONGEST = 16 * 1024 * 1024  # characters of a record: what is broken must not be read to the end of the file
BLANK = re.compile(r"[ \t\r\n]*")


def refuse(constant: str) -> NoReturn:
    """Refuse NaN and the like, which are no JSON."""
    raise ValueError(f"{constant} is not JSON")


DECODER = json.JSONDecoder(parse_constant=refuse)


class Text:
    """The part of a file that is being looked at, from the place where reading goes on."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._content = ""
        self._at = 0
        self._ended = False

    def grow(self) -> bool:
        """Read on, at least as much as is there already; False at the end of the file."""
        if self._ended:
            return False
        rest = self._content[self._at :]
        piece = self._file.read(max(PIECE, len(rest)))
        self._ended = not piece
        self._content, self._at = rest + self._decode(piece, self._ended), 0
        return True

    def sign(self) -> str:
        """Return the next sign that is no blank, without taking it; empty at the end."""
        if (next_one := self._content[self._at : self._at + 1]) > " ":
            return next_one
        while True:
            blanks = BLANK.match(self._content, self._at)
            self._at = blanks.end() if blanks else self._at
            if self._at < len(self._content) or not self.grow():
                return self._content[self._at : self._at + 1]

    def take(self, sign: str) -> bool:
        """Take the next sign if it is this one."""
        found = self.sign() == sign
        self._at += found
        return found

    def value(self) -> Any:
        """Take the next JSON value; raises ValueError."""
        while True:
            try:
                value, self._at = DECODER.raw_decode(self._content, self._at)
            except (json.JSONDecodeError, RecursionError) as error:
                too_long = len(self._content) - self._at > LONGEST
                if isinstance(error, RecursionError) or too_long or not self.grow():
                    raise ValueError("is not JSON, cut short or too long") from None
                continue
            return value


@dataclass(frozen=True, slots=True)
class DumpData:
    """A file of dumpdata; labels are the models in lower case, a row is `{"pk", **fields}`."""

    file: DumpFile
    unit: str = "record"

    def records(self) -> Iterator[Record]:
        """Go through the records; raises BadRecord, Changed and OSError."""
        with self.file.open() as file:
            place, text = 0, Text(file)
            try:
                if not text.take("["):
                    raise ValueError("the file is not a list")
                if text.take("]"):
                    return
                while True:
                    place += 1
                    text.sign()
                    yield read_row(place, text.value())
                    if text.take("]"):
                        break
                    if not text.take(","):
                        raise ValueError("a comma is missing behind it")
                if text.sign():
                    raise ValueError("there is more behind the list")
            except UnicodeDecodeError as error:
                raise BadRecord(place, "is not UTF-8") from error
            except ValueError as error:
                raise BadRecord(place, str(error)) from error


def read_row(place: int, value: Any) -> Record:
    """Read one record; raises BadRecord."""
    if not isinstance(value, dict) or not isinstance(value.get("fields"), dict):
        raise BadRecord(place, "is not an object with fields")
    model = value.get("model")
    if not isinstance(model, str) or not model:
        raise BadRecord(place, "model is missing")
    try:
        size = len(orjson.dumps(value))
    except TypeError as error:  # numbers beyond 64 bits, lone surrogates
        raise BadRecord(place, str(error)) from error
    return Record(place, {"pk": value.get("pk"), **value["fields"]}, size, model.lower())
