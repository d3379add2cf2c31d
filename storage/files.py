"""Files in GridFS: written as they arrive, visible only once kept, read in pieces.

The layout is GridFS's own, so that any driver or tool reads the files. The writing is done here because
the drivers' writer gathers up to 32 MB before it sends, and because a file has to become visible in the
same transaction as the document that names it.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from storage.database import Database, Index, index
from storage.driver import Collection, Document, ObjectId, Session
from storage.errors import Busy

CHUNK = 255 * 1024  # bytes, as GridFS suggests
ABANDONED = timedelta(days=1)  # longer than any upload takes
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A kept file: its length in bytes, and the SHA-256 of its content in hex."""

    id: ObjectId
    name: str
    length: int
    chunk_size: int
    digest: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form; files that other tools wrote have no digest."""
        digest = (row.get("metadata") or {}).get("sha256", "")
        return cls(row["_id"], row["filename"], row["length"], row["chunkSize"], digest)


class Draft:
    """A file that is being written; until it is kept nobody sees it."""

    def __init__(self, chunks: Collection, drafts: Collection, clock: Callable[[], datetime]) -> None:
        self.id = ObjectId()
        self.length = 0
        self._chunks = chunks
        self._drafts = drafts
        self._clock = clock
        self._buffer = bytearray()
        self._written = 0
        self._digest = hashlib.sha256()

    @property
    def digest(self) -> str:
        """Return the SHA-256 of what was written so far, in hex."""
        return self._digest.hexdigest()

    async def write(self, data: bytes) -> None:
        """Take the next bytes; returns when at most one chunk is still to be stored."""
        self.length += len(data)
        self._digest.update(data)
        self._buffer += data
        while len(self._buffer) >= CHUNK:
            await self._store(bytes(self._buffer[:CHUNK]))
            del self._buffer[:CHUNK]

    async def flush(self) -> None:
        """Store what is left."""
        if self._buffer or not self._written:
            await self._store(bytes(self._buffer))
            self._buffer.clear()

    async def abort(self) -> None:
        """Take back what is stored, unless it was kept; doing so twice is harmless."""
        self._buffer.clear()
        if self._written and await self._drafts.find_one({"_id": self.id}) is not None:
            await self._chunks.delete_many({"files_id": self.id})
            await self._drafts.delete_one({"_id": self.id})

    async def _store(self, data: bytes) -> None:
        if not self._written:
            # Comes first: whatever happens to this process, the sweep finds the chunks.
            await self._drafts.insert_one({"_id": self.id, "at": self._clock()})
        number, self._written = self._written, self._written + 1
        if data:
            await self._chunks.insert_one({"files_id": self.id, "n": number, "data": data})


class Files:
    """The `fs` bucket; `file_drafts` lists the chunks that no kept file owns."""

    INDEXES: tuple[Index, ...] = (
        index("fs.files", "filename", unique=True),
        index("fs.chunks", "files_id", "n", unique=True),
        index("file_drafts", "at"),
    )

    def __init__(self, database: Database, clock: Callable[[], datetime] = utc_now) -> None:
        self._files = database["fs.files"]
        self._chunks = database["fs.chunks"]
        self._drafts = database["file_drafts"]
        self._clock = clock

    async def begin(self) -> Draft:
        """Begin a file, after taking away what killed processes left behind long ago."""
        await self.sweep()
        return Draft(self._chunks, self._drafts, self._clock)

    async def keep(self, draft: Draft, name: str, session: Session) -> StoredFile:
        """Make a draft a file, in the caller's transaction; a taken name raises DuplicateKeyError.

        The draft must be flushed before the transaction begins: its snapshot has to show the draft.
        """
        row: Document = {
            "_id": draft.id,
            "filename": name,
            "length": draft.length,
            "chunkSize": CHUNK,
            "uploadDate": self._clock(),
            "metadata": {"sha256": draft.digest},
        }
        await self._files.insert_one(row, session=session)
        if not (await self._drafts.delete_one({"_id": draft.id}, session=session)).deleted_count:
            raise Busy  # written for so long that the sweep took it for abandoned
        return StoredFile.of(row)

    async def replace(self, draft: Draft, name: str, session: Session) -> StoredFile:
        """Keep a draft under a name, in the place of the file that has it; who reads that one has a day."""
        row = await self._files.find_one_and_delete({"filename": name}, session=session)
        if row is not None:
            await self._drafts.insert_one({"_id": row["_id"], "at": self._clock()}, session=session)
        return await self.keep(draft, name, session)

    async def discard(self, name: str, session: Session) -> ObjectId | None:
        """Hide a file, in the caller's transaction; `clear` its chunks, or leave it to a sweep."""
        row = await self._files.find_one_and_delete({"filename": name}, session=session)
        if row is None:
            return None
        await self._drafts.insert_one({"_id": row["_id"], "at": LONG_AGO}, session=session)
        return ObjectId(row["_id"])

    async def discard_folder(self, folder: str, session: Session) -> None:
        """Hide all files below a folder, whose name ends with a slash, and leave their chunks to a sweep."""
        below = {"filename": {"$gte": folder, "$lt": folder[:-1] + "0"}}  # 0 follows the slash
        rows = await self._files.find(below, {"_id": 1}, session=session).to_list(None)
        if not rows:
            return
        await self._files.delete_many({"_id": {"$in": [row["_id"] for row in rows]}}, session=session)
        drafts = [{"_id": row["_id"], "at": LONG_AGO} for row in rows]
        await self._drafts.insert_many(drafts, session=session)

    async def clear(self, number: ObjectId) -> None:
        """Delete the chunks of a file that is out of sight."""
        await self._chunks.delete_many({"files_id": number})
        await self._drafts.delete_one({"_id": number})

    async def sweep(self) -> bool:
        """Delete the chunks of some drafts that nobody writes any more; tell whether there were any."""
        old = self._drafts.find({"at": {"$lt": self._clock() - ABANDONED}}).limit(100)
        rows = await old.to_list(None)
        for row in rows:
            await self.clear(row["_id"])
        return bool(rows)

    async def sweep_all(self) -> None:
        """Delete the chunks of all drafts that nobody writes any more."""
        while await self.sweep():
            pass

    async def open(self, name: str) -> StoredFile | None:
        """Find a file by its name."""
        row = await self._files.find_one({"filename": name})
        return StoredFile.of(row) if row is not None else None

    async def read(self, file: StoredFile, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from start to before stop, a chunk at a time."""
        end = file.length if stop is None else min(stop, file.length)
        position = start
        while position < end:
            number, offset = divmod(position, file.chunk_size)
            row = await self._chunks.find_one({"files_id": file.id, "n": number})
            if row is None:  # replaced or deleted meanwhile
                raise ConnectionAbortedError(f"{file.name} is gone")
            piece = bytes(row["data"][offset : offset + end - position])
            position += len(piece)
            yield piece
