"""Files that imports brought: kept under their path below the dump's media folder, for whatever names them.

Nobody reaches such a file by its path alone: the things that name it have addresses of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from storage.database import Database, Restart
from storage.driver import DuplicateKeyError, Session
from storage.errors import Rejected
from storage.files import Files, StoredFile

FOLDER = "imported/"  # where they are among all stored files


@dataclass(frozen=True, slots=True)
class Naming:
    """A field by which stored things name imported files; declare an index on it, too."""

    collection: str
    field: str


def is_path(path: str) -> bool:
    """Tell whether a text can be a file's path below a folder: relative, and without `.`, `..` or gaps."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in path and not {"", ".", ".."} & set(path.split("/"))


class MediaFolder:
    """The imported files; `namings` are the fields of all stores that name some."""

    def __init__(self, database: Database, files: Files, namings: Sequence[Naming] = ()) -> None:
        self._database = database
        self._files = files
        self._namings = tuple(namings)

    async def find(self, path: str) -> StoredFile | None:
        """Find the file that was brought under exactly this path."""
        return await self._files.open(FOLDER + path) if is_path(path) else None

    async def keep(self, path: str, content: Iterable[bytes]) -> StoredFile:
        """Keep a file, in the place of the one that the path had; raises Rejected, Busy.

        Readers see the former file or this one, whole.
        """
        if not is_path(path):
            raise Rejected("path", f"{path!r} is no relative path in UTF-8")
        draft = await self._files.begin()
        try:
            for piece in content:
                await draft.write(piece)
            await draft.flush()

            async def work(session: Session) -> StoredFile:
                try:
                    return await self._files.replace(draft, FOLDER + path, session)
                except DuplicateKeyError as error:  # another import was faster
                    raise Restart from error

            return await self._database.transaction(work)
        except BaseException:
            await draft.abort()
            raise

    async def release(self, path: str, session: Session) -> None:
        """Hide a file that nothing names any more, in the caller's transaction; a sweep takes its chunks."""
        for naming in self._namings:
            named = {naming.field: path}
            if await self._database[naming.collection].find_one(named, {"_id": 1}, session=session):
                return
        await self._files.discard(FOLDER + path, session)
