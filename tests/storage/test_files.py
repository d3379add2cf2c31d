"""Files in GridFS."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from gridfs.asynchronous import AsyncGridFSBucket

from storage.database import Database
from storage.driver import Session
from storage.files import CHUNK, Files, StoredFile
from storage.stores import Stores


async def keep(database: Database, files: Files, name: str, content: bytes) -> StoredFile:
    draft = await files.begin()
    for at in range(0, len(content), 100_000):
        await draft.write(content[at : at + 100_000])
    await draft.flush()

    async def work(session: Session) -> StoredFile:
        return await files.keep(draft, name, session)

    return await database.transaction(work)


async def joined(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


async def counts(database: Database) -> list[int]:
    return [await database[name].count_documents({}) for name in ("fs.files", "fs.chunks", "file_drafts")]


async def test_a_file_comes_back_as_it_was_written(database: Database) -> None:
    files = Files(database)
    for size in (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7):
        content = bytes(range(251)) * (size // 251) + b"x" * (size % 251)
        kept = await keep(database, files, f"f{size}", content)
        assert (kept.length, kept.digest) == (size, hashlib.sha256(content).hexdigest())
        assert await files.open(f"f{size}") == kept
        assert await joined(files.read(kept)) == content
        assert await joined(files.read(kept, size // 2, size // 2 + 5)) == content[size // 2 : size // 2 + 5]
        assert await joined(files.read(kept, 1)) == content[1:]
    assert await database["file_drafts"].count_documents({}) == 0


async def test_any_gridfs_tool_reads_the_files(
    database: Database, mongo_uri: str, database_name: str
) -> None:
    content = b"abc" * CHUNK
    await keep(database, Files(database), "a/b.bin", content)
    other = Database.connect(mongo_uri, database_name)
    stream = await AsyncGridFSBucket(other.handle).open_download_stream_by_name("a/b.bin")
    assert await stream.read() == content
    await other.close()


async def test_nobody_sees_a_draft_and_an_aborted_one_is_gone(database: Database) -> None:
    files = Files(database)
    draft = await files.begin()
    await draft.write(b"x" * (2 * CHUNK + 1))
    assert await counts(database) == [0, 2, 1]
    await draft.abort()
    await draft.abort()
    assert await counts(database) == [0, 0, 0]


async def test_a_kept_file_survives_an_abort(database: Database) -> None:
    files = Files(database)
    draft = await files.begin()
    await draft.write(b"x" * CHUNK)
    await database.transaction(lambda session: files.keep(draft, "a", session))
    await draft.abort()
    assert await counts(database) == [1, 1, 0]


async def test_what_a_killed_process_left_is_swept_a_day_later(database: Database) -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    draft = await Files(database, lambda: now).begin()
    await draft.write(b"x" * CHUNK)
    await Files(database, lambda: now + timedelta(hours=23)).begin()
    assert await counts(database) == [0, 1, 1]
    await Files(database, lambda: now + timedelta(hours=25)).begin()
    assert await counts(database) == [0, 0, 0]


async def test_a_discarded_file_is_hidden_at_once_and_swept_soon(database: Database) -> None:
    files = Files(database)
    await keep(database, files, "a", b"x" * CHUNK)
    await database.transaction(lambda session: files.discard("a", session))
    assert await files.open("a") is None
    assert await counts(database) == [0, 1, 1]
    await files.sweep()
    assert await counts(database) == [0, 0, 0]
    assert await database.transaction(lambda session: files.discard("a", session)) is None


async def test_a_deleted_persons_files_go_with_them(stores: Stores) -> None:
    database, files = stores.database, stores.files
    made = await stores.accounts.register("a@example.com", {}, ip=None, mails=lambda _: ())
    oid = made.person["_id"]
    for name, owner in (("know-me/1/a", oid), ("know-me/2/b", "else")):
        await keep(database, files, name, b"x")
        row = {"id": len(name) + (owner == oid), "user_id": owner, "path": name, "file": name}
        await database["km_media_resources"].insert_one(row)
    await stores.deletion.delete(oid)
    assert await files.open("know-me/1/a") is None
    assert await files.open("know-me/2/b") is not None
    assert await database["km_media_resources"].count_documents({"user_id": oid}) == 0


async def test_a_folder_is_discarded_and_its_neighbours_stay(database: Database) -> None:
    files = Files(database)
    for name in ("u/user_5/a", "u/user_5/b/c", "u/user_55/a", "u/user_5", "u/user_50", "u/user_4/z"):
        await keep(database, files, name, b"x")
    await database.transaction(lambda session: files.discard_folder("u/user_5/", session))
    await database.transaction(lambda session: files.discard_folder("u/user_6/", session))
    assert sorted(await database["fs.files"].distinct("filename")) == [
        *("u/user_4/z", "u/user_5", "u/user_50", "u/user_55/a")
    ]
    await files.sweep()
    assert await counts(database) == [4, 4, 0]
