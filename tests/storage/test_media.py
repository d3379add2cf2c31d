"""Files that imports brought."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from storage.database import Database
from storage.driver import Session
from storage.errors import Rejected
from storage.files import CHUNK, Files, StoredFile
from storage.media import MediaFolder, Naming, is_path
from storage.stores import Stores


async def content(files: Files, file: StoredFile) -> bytes:
    return b"".join([piece async for piece in files.read(file)])


async def test_a_file_is_found_under_exactly_its_path(stores: Stores) -> None:
    kept = await stores.media_folder.keep("a/b c.jpg", [b"one", b"two"])
    assert await stores.media_folder.find("a/b c.jpg") == kept
    assert await content(stores.files, kept) == b"onetwo"
    for path in ("a/b c.JPG", "/a/b c.jpg", "./a/b c.jpg", "a/../a/b c.jpg", "a//b c.jpg", "a", "", "a\0"):
        assert await stores.media_folder.find(path) is None


@pytest.mark.parametrize("path", ["../a", "a/..", "/a", "a//b", "", ".", "a/./b", "a\0b", "a\udcff", "a/"])
async def test_a_path_that_leads_elsewhere_is_refused(stores: Stores, path: str) -> None:
    assert not is_path(path)
    with pytest.raises(Rejected):
        await stores.media_folder.keep(path, [b"x"])
    assert await stores.media_folder.find(path) is None


async def test_a_backslash_is_a_letter_like_any_other(stores: Stores) -> None:
    await stores.media_folder.keep("a\\..\\b", [b"x"])
    assert await stores.media_folder.find("a\\..\\b") is not None


async def test_who_reads_the_former_file_can_finish(stores: Stores) -> None:
    former = await stores.media_folder.keep("a", [b"x" * CHUNK, b"y" * CHUNK])
    reading = stores.files.read(former)
    assert await anext(reading) == b"x" * CHUNK
    await stores.media_folder.keep("a", [b"new"])
    await stores.files.sweep()
    assert await anext(reading) == b"y" * CHUNK
    found = await stores.media_folder.find("a")
    assert found is not None
    assert await content(stores.files, found) == b"new"


async def test_a_replaced_file_is_never_missed(stores: Stores) -> None:
    await stores.media_folder.keep("a", [b"0"])
    done = asyncio.Event()

    async def replace() -> None:
        for number in range(30):
            await stores.media_folder.keep("a", [str(number).encode()])
        done.set()

    replacing = asyncio.create_task(replace())
    looks = 0
    while not done.is_set():
        assert await stores.media_folder.find("a") is not None
        looks += 1
    await replacing
    assert looks > 30


async def test_two_imports_of_one_path_leave_one_file(stores: Stores, database: Database) -> None:
    contents = [bytes([number]) * 10 for number in range(8)]
    await asyncio.gather(*(stores.media_folder.keep("a", [each]) for each in contents))
    assert await database["fs.files"].count_documents({}) == 1
    found = await stores.media_folder.find("a")
    assert found is not None
    assert await content(stores.files, found) in contents


async def test_content_that_breaks_off_leaves_nothing(stores: Stores, database: Database) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x" * 3 * CHUNK
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        await stores.media_folder.keep("a", broken())
    for name in ("fs.files", "fs.chunks", "file_drafts"):
        assert await database[name].count_documents({}) == 0


async def test_a_released_file_stays_while_something_names_it(database: Database) -> None:
    files = Files(database)
    folder = MediaFolder(database, files, [Naming("comic_images", "file"), Naming("events", "main_photo")])
    await folder.keep("a.png", [b"x"])
    await database["events"].insert_one({"_id": 1, "main_photo": "a.png"})

    async def release(session: Session) -> None:
        await folder.release("a.png", session)

    await database.transaction(release)
    assert await folder.find("a.png") is not None
    await database["events"].delete_one({"_id": 1})
    await database.transaction(release)
    assert await folder.find("a.png") is None
    await files.sweep()
    assert await database["fs.chunks"].count_documents({}) == 0
