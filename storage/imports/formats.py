"""Which format a file has, and which loaders take its records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from storage.errors import StorageError
from storage.imports import flux
from storage.imports.dumpdata import DumpData
from storage.imports.lines import Lines
from storage.imports.record import Loader
from storage.imports.source import DumpFile, Source
from storage.stores import Stores

# Each dialect that exports dumpdata adds what makes its loaders, by label, in the order of writing.
DUMPDATA: tuple[Callable[[Stores], Mapping[str, Loader]], ...] = ()
HEAD = 4096  # bytes


class UnknownFormat(StorageError):
    """The file is none that can be told from its beginning."""

    def __init__(self) -> None:
        super().__init__("is no dumpdata list; lines of mongoexport need their collection named")


def open_source(path: Path, collection: str | None) -> Source:
    """Find out how to read a file; raises UnknownFormat and OSError."""
    file = DumpFile.of(path)
    if collection is not None:
        return Lines(file, collection)
    with file.open() as content:
        head = content.read(HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith(b"["):
        raise UnknownFormat
    return DumpData(file)


def make_loaders(stores: Stores, collection: str | None) -> Mapping[str, Loader]:
    """Make the loaders for a file; raises KeyError for a collection that can't be imported."""
    if collection is not None:
        return {collection: flux.make_loader(collection, stores)}
    return {label: loader for make in DUMPDATA for label, loader in make(stores).items()}
