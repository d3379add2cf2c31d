"""Documents for people who pay: what is known of each file, which imports bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from storage.database import Database, Index, index
from storage.errors import NotFound
from storage.files import StoredFile
from storage.media import MediaFolder, Naming
from storage.traces import Fate, Trace

PDFS = "pdf_files"


@dataclass(frozen=True, slots=True)
class Pdf:
    """A document; `file` is its path among the imported files, `author` the number of an account."""

    id: int
    name: str
    topic: str
    author: int | None
    created: str | None
    file: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        return cls(
            row["_id"],
            row.get("name") or "",
            row.get("topic") or "",
            row.get("author"),
            row.get("created"),
            row.get("pdf_file") or "",
        )


class Pdfs:
    """The `pdf_files` collection; only imports write it."""

    INDEXES: tuple[Index, ...] = (
        index(PDFS, "related_ids"),
        index(PDFS, "author"),
        index(PDFS, "pdf_file"),
    )
    TRACES = (Trace(PDFS, "author", Fate.NULL, by="id"),)
    NAMINGS = (Naming(PDFS, "pdf_file"),)

    def __init__(self, database: Database, folder: MediaFolder) -> None:
        self._rows = database[PDFS]
        self._folder = folder

    async def related(self, number: int) -> Sequence[Pdf]:
        """List the documents with a related id, by ascending number."""
        found = self._rows.find({"related_ids": number}).sort("_id", 1)
        return [Pdf.of(row) for row in await found.to_list(None)]

    async def related_ids(self) -> Sequence[int]:
        """Return all related ids, ascending."""
        return sorted(each for each in await self._rows.distinct("related_ids") if each is not None)

    async def find(self, number: int) -> Pdf:
        """Find a document; raises NotFound."""
        row = await self._rows.find_one({"_id": number})
        if row is None:
            raise NotFound(PDFS)
        return Pdf.of(row)

    async def open(self, pdf: Pdf) -> StoredFile | None:
        """Find the file of a document; it may not have come yet."""
        return await self._folder.find(pdf.file)
