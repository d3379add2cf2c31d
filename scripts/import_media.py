"""Brings the files of a media folder: whatever dumps name by their path below it, before or after the dump.

Files that are here already, with the same content, are left alone; changed ones are replaced. What a dump
can't name stays out, and is told: names that are no UTF-8, links that lead elsewhere, devices.
Answers how many files the folder has, and how many of them were here, unchanged.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.import_dump import make_progress
from scripts.session import Failure, make_parser, run
from settings import Settings
from storage.errors import StorageError
from storage.files import CHUNK
from storage.media import MediaFolder, is_path
from storage.stores import Stores

SIDE_BY_SIDE = 8  # files; their writes share the database's journal
PATIENCE = 60.0  # seconds; what a killed run had begun may be in the way until the database ends it


@dataclass(frozen=True, slots=True)
class Found:
    """A file: where it is, its path below the folder, its size in bytes."""

    place: str
    path: str
    size: int

    def read(self) -> Iterator[bytes]:
        """Yield the content in pieces."""
        with open(self.place, "rb") as file:
            while piece := file.read(CHUNK):
                yield piece


@dataclass
class Folder:
    """A media folder; `left_out` takes a line for everything that can't be brought."""

    root: Path
    left_out: list[str] = field(default_factory=list)

    def walk(self) -> Iterator[Found]:
        """Yield the files, by name; raises OSError where one can't be read."""
        top = os.path.realpath(self.root)
        return self._walk(top, "", (top,))

    def _walk(self, place: str, path: str, above: tuple[str, ...]) -> Iterator[Found]:
        with os.scandir(place) as entries:
            names = sorted(entry.name for entry in entries)
        for name in names:
            inner = f"{path}/{name}".lstrip("/")
            real = os.path.realpath(os.path.join(place, name))
            if not is_path(inner):
                self._leave_out(inner, "the name is not UTF-8")
            elif os.path.commonpath([above[0], real]) != above[0]:
                self._leave_out(inner, "the link leads out of the folder")
            else:
                yield from self._look_at(real, inner, above)

    def _look_at(self, real: str, path: str, above: tuple[str, ...]) -> Iterator[Found]:
        try:
            seen = os.stat(real)
        except OSError as error:
            if error.errno not in {errno.ENOENT, errno.ELOOP}:
                raise
            return self._leave_out(path, "the link leads nowhere")
        if stat.S_ISREG(seen.st_mode):
            yield Found(real, path, seen.st_size)
        elif not stat.S_ISDIR(seen.st_mode):
            self._leave_out(path, "it is no file")
        elif real in above:
            self._leave_out(path, "the link leads round in a circle")
        else:
            yield from self._walk(real, path, (*above, real))
        return None

    def _leave_out(self, path: str, reason: str) -> None:
        self.left_out.append(f"{path.encode(errors='backslashreplace').decode()!r} left out: {reason}")


@dataclass
class Importer:
    """Brings files, several at once; `files` and `unchanged` count them."""

    media: MediaFolder
    advance: Callable[[int], None]  # takes the bytes that are done with
    files: int = 0
    unchanged: int = 0

    async def run(self, folder: Folder) -> None:
        """Bring every file of a folder; raises Failure, with the file and the reason."""
        found = folder.walk()

        async def work() -> None:
            for each in found:  # shared: the next worker gets the next file
                await self.bring(each)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(SIDE_BY_SIDE):
                    group.create_task(work())
        except ExceptionGroup as failed:
            error = failed.exceptions[0]
            raise fail(error) if isinstance(error, OSError) else error from None

    async def bring(self, found: Found) -> None:
        """Bring one file, unless it is here as it is; raises Failure."""
        if await self.has(found):
            self.unchanged += 1
            self.advance(found.size)
        else:
            try:
                await self.media.keep(found.path, self.watch(found))
            except StorageError as error:
                reason = f"the database would not take it ({type(error).__name__}); run the script again"
                raise Failure(f"{found.place}: {reason}") from None
        self.files += 1

    def watch(self, found: Found) -> Iterator[bytes]:
        """Read a file and move the progress bar."""
        for piece in found.read():
            yield piece
            self.advance(len(piece))

    async def has(self, found: Found) -> bool:
        """Tell whether the very content is here."""
        kept = await self.media.find(found.path)
        if kept is None or kept.length != found.size:
            return False
        digest = hashlib.sha256()
        for piece in found.read():
            digest.update(piece)
            await asyncio.sleep(0)  # the other files go on
        return digest.hexdigest() == kept.digest


def fail(error: OSError) -> Failure:
    """Name the file that can't be read."""
    return Failure(f"{error.filename}: {error.strerror}")


def measure(folder: Folder) -> int:
    """Add up the bytes, so that a folder that can't be read is told before anything is stored."""
    try:
        return sum(each.size for each in folder.walk())
    except OSError as error:
        raise fail(error) from None


async def import_folder(media: MediaFolder, root: Path) -> dict[str, Any]:
    """Bring the files of a folder; return how many it has and how many were here."""
    folder = Folder(root)
    total = measure(folder)
    for line in folder.left_out:
        sys.stderr.write(f"{line}\n")
    with make_progress() as progress:
        task = progress.add_task(root.name, total=total)
        importer = Importer(media, lambda size: progress.advance(task, size))
        await importer.run(Folder(root))
    return {"files": importer.files, "unchanged": importer.unchanged}


def main() -> None:
    """Read the command line and bring what the folder has."""
    parser = make_parser("import_media", __doc__ or "", "/backup/media")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the media folder of the dumped system")
    flags = parser.parse_args()

    async def work(settings: Settings, stores: Stores) -> dict[str, Any]:
        stores.database.patience = PATIENCE
        return await import_folder(stores.media_folder, flags.folder)

    run(work)


if __name__ == "__main__":
    main()
