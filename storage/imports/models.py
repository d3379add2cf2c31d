"""What the rows of a Django model are like: their fields, their key, and the rows that they refer to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from storage.driver import Document
from storage.imports.ledger import Key, Ledger, Want
from storage.imports.record import Record, blame
from storage.imports.shapes import Field, Reader, Shape, each, maybe, pick, pk, read_field


@dataclass(frozen=True, slots=True)
class Link:
    """A field that holds the key of a row of `label`, or null where it is `optional`, or `many` keys."""

    field: str
    label: str
    optional: bool = False
    many: bool = False
    key: Reader = pk

    @property
    def shape(self) -> Field:
        """Return how the field is read."""
        if self.many:
            return Field(each(self.key), [])
        return Field(maybe(self.key), None) if self.optional else Field(self.key)

    def keys(self, fields: Document) -> list[Key]:
        """Return the keys that a row holds in this field."""
        value = fields[self.field]
        return value if self.many else [] if value is None else [value]


@dataclass(frozen=True, slots=True)
class Row:
    """A record in the shape of its model; other fields are left out."""

    place: int
    key: Key
    fields: Document = field(repr=False)


@dataclass(frozen=True, slots=True)
class Model:
    """The rows of one label; the field `pk` is the key as the dump spells it."""

    label: str
    shape: Shape
    links: tuple[Link, ...] = ()
    key: Reader = pk
    _whole: Shape = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Put together how all fields are read, once for millions of rows."""
        shape = {**{link.field: link.shape for link in self.links}, **self.shape}
        object.__setattr__(self, "_whole", shape)

    def read(self, record: Record) -> Row:
        """Read a record; raises BadRecord."""
        with blame(record):
            if record.row.get("pk") is None:
                raise ValueError("pk is missing")
            number = read_field("pk", self.key, record.row["pk"])
            return Row(record.place, number, pick(record.row, self._whole))

    def note(self, rows: Sequence[Row], ledger: Ledger) -> None:
        """Note rows and what they refer to, so that the end of the file shows what is missing."""
        ledger.define(self.label, (row.key for row in rows))
        ledger.want(self._wants(rows))

    def _wants(self, rows: Sequence[Row]) -> Iterator[Want]:
        for link in self.links:
            places: dict[Key, int] = {}
            for row in rows:
                for key in link.keys(row.fields):
                    places.setdefault(key, row.place)
            for key, place in places.items():
                yield Want(link.label, key, self.label, link.field, place)
