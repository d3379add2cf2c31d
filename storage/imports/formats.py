"""Which format a file has, and how its records are imported."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from storage.errors import StorageError
from storage.imports import comics, flux, klub, knowme, pybossa
from storage.imports.dumpdata import DumpData
from storage.imports.lines import Lines
from storage.imports.plan import Plan
from storage.imports.pybossa_source import find_source
from storage.imports.source import DumpFile, Source
from storage.stores import Stores

# Each dialect that exports dumpdata adds what makes its plan, and the indexes that only imports need.
DUMPDATA: tuple[Callable[[Stores], Plan], ...] = (knowme.make_plan, klub.make_plan, comics.make_plan)
# What follows when the files of a call are through, be it that the last one failed.
FOLLOW_UPS: tuple[Callable[[Stores], Awaitable[None]], ...] = (comics.tell_news,)
COLLECTIONS = (*flux.COLLECTIONS, *pybossa.KINDS)
INDEXES = (*flux.INDEXES, *knowme.INDEXES)
HEAD = 4096  # bytes


class UnknownFormat(StorageError):
    """The file is none that can be told from its beginning."""

    def __init__(self) -> None:
        super().__init__(
            "is neither dumpdata nor PyBossa's; lines of mongoexport need their collection named"
        )


def open_source(path: Path, collection: str | None) -> Source:
    """Find out how to read a file; raises UnknownFormat and OSError."""
    file = DumpFile.of(path)
    if collection is not None and collection in flux.COLLECTIONS:
        return Lines(file, collection)
    if (found := find_source(file, collection)) is not None:
        return found
    with file.open() as content:
        head = content.read(HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith(b"["):
        raise UnknownFormat
    return DumpData(file)


def make_plan(stores: Stores, collection: str | None) -> Plan:
    """Make the plan for a file; raises KeyError for a collection that can't be imported."""
    if collection in pybossa.KINDS:
        return pybossa.make_plan(stores)
    if collection is not None:
        return Plan([{collection: flux.make_loader(collection, stores)}])
    return Plan.join(make(stores) for make in (*DUMPDATA, pybossa.make_plan))
