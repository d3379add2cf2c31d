"""Imports suburbs and streets from a CSV file with the columns country, postcode, suburb and street."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.session import Failure, make_parser, run
from settings import Settings
from storage.gazetteer import Suburb
from storage.stores import Stores

COLUMNS = ("country", "postcode", "suburb", "street")
REQUIRED = COLUMNS[:3]


@dataclass
class Places:
    """What a file holds: each suburb with its streets, none twice."""

    streets: dict[Suburb, set[str]] = field(default_factory=dict)
    rows: int = 0

    def add(self, row: Mapping[str, str]) -> None:
        """Take in a row; without a street it stands for the suburb alone."""
        place = Suburb(row["country"].lower(), row["postcode"], row["suburb"].upper())
        known = self.streets.setdefault(place, set())
        if row["street"]:
            known.add(row["street"].upper())
        self.rows += 1

    def summary(self) -> dict[str, int]:
        """Count the rows, and the different suburbs and streets in them."""
        streets = sum(map(len, self.streets.values()))
        return {"rows": self.rows, "suburbs": len(self.streets), "streets": streets}


def read_places(path: Path) -> Places:
    """Read a whole file; raises Failure with the line that is wrong, so that nothing is stored."""
    places = Places()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in read_rows(path, csv.reader(file, strict=True)):
                places.add(row)
    except UnicodeDecodeError:
        raise Failure(f"{path} line {find_bad_line(path)}: is not UTF-8") from None
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}") from None
    return places


def read_rows(path: Path, lines: Any) -> Iterator[Mapping[str, str]]:
    """Go through the rows as texts by column, trimmed; `lines` is a reader of the csv module."""
    try:
        header = [name.strip().lower() for name in next(lines, [])]
        if missing := [name for name in COLUMNS if name not in header]:
            raise Failure(f"{path} line 1: the column {missing[0]} is missing")
        for cells in lines:
            if any(cell.strip() for cell in cells) or len(cells) > 1:
                yield read_row(header, cells, f"{path} line {lines.line_num}")
    except csv.Error as error:
        raise Failure(f"{path} line {lines.line_num}: {error}") from None


def read_row(header: Iterable[str], cells: Iterable[str], where: str) -> Mapping[str, str]:
    """Name the cells; raises Failure when a required one is empty or the row does not fit the header."""
    names, texts = list(header), [cell.strip() for cell in cells]
    if len(texts) > len(names):
        raise Failure(f"{where}: has {len(texts)} cells, the header {len(names)}")
    row = {**dict.fromkeys(COLUMNS, ""), **dict(zip(names, texts, strict=False))}
    if empty := [name for name in REQUIRED if not row[name]]:
        raise Failure(f"{where}: {empty[0]} is missing")
    return row


def find_bad_line(path: Path) -> int:
    """Return the number of the first line that is not UTF-8."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 1


def main() -> None:
    """Read the file whole, then add what it holds."""
    parser = make_parser("import_addresses", __doc__ or "", "addresses.csv")
    parser.add_argument("file", type=Path, metavar="FILE.csv")
    flags = parser.parse_args()

    async def work(settings: Settings, stores: Stores) -> dict[str, Any]:
        places = read_places(flags.file)
        await stores.gazetteer.add(places.streets)
        return places.summary()

    run(work)


if __name__ == "__main__":
    main()
