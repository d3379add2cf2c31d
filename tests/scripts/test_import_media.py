"""Bringing the files of a media folder."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from settings import Settings
from storage.database import Database
from storage.files import CHUNK
from storage.stores import Stores
from tests.scripts.conftest import Script
from tests.serving import ROOT, as_environment


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a media folder with three files."""
    root = tmp_path / "media"
    (root / "comics" / "xkcd").mkdir(parents=True)
    (root / "comics" / "xkcd" / "605d.png").write_bytes(b"picture")
    (root / "Ünïcode — ö.jpg").write_bytes(b"x" * (2 * CHUNK + 5))
    (root / "empty").write_bytes(b"")
    return root


async def brought(stores: Stores, path: str) -> bytes | None:
    """Return what is here under a path."""
    found = await stores.media_folder.find(path)
    return None if found is None else b"".join([piece async for piece in stores.files.read(found)])


async def test_files_come_under_their_relative_paths(script: Script, stores: Stores, folder: Path) -> None:
    done = await script("import_media", str(folder))
    assert (done.code, done.json, done.err) == (0, {"files": 3, "unchanged": 0}, "")
    assert await brought(stores, "comics/xkcd/605d.png") == b"picture"
    assert await brought(stores, "Ünïcode — ö.jpg") == b"x" * (2 * CHUNK + 5)
    assert await brought(stores, "empty") == b""


async def test_a_second_run_brings_only_what_changed(
    script: Script, stores: Stores, database: Database, folder: Path
) -> None:
    await script("import_media", f"{folder}/")
    before = {row["filename"]: row["_id"] async for row in database["fs.files"].find({})}
    done = await script("import_media", str(folder))
    assert (done.code, done.json) == (0, {"files": 3, "unchanged": 3})
    (folder / "comics" / "xkcd" / "605d.png").write_bytes(b"PICTURE")  # of the same length
    done = await script("import_media", str(folder))
    assert (done.code, done.json) == (0, {"files": 3, "unchanged": 2})
    assert await brought(stores, "comics/xkcd/605d.png") == b"PICTURE"
    after = {row["filename"]: row["_id"] async for row in database["fs.files"].find({})}
    assert {name for name, number in after.items() if before[name] != number} == {
        "imported/comics/xkcd/605d.png"
    }


async def test_links_are_followed_only_inside_the_folder(
    script: Script, stores: Stores, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "media2").mkdir()
    (tmp_path / "media2" / "other").write_text("other")
    (folder / "out").symlink_to(tmp_path / "secret")
    (folder / "beside").symlink_to("../media2")
    (folder / "nowhere").symlink_to("missing")
    (folder / "itself").symlink_to("itself")
    (folder / "comics" / "up").symlink_to("..")
    (folder / "in").symlink_to("comics/xkcd/605d.png")
    (folder / "old").symlink_to("comics/xkcd")
    done = await script("import_media", str(folder))
    assert (done.code, done.json) == (0, {"files": 5, "unchanged": 0})
    assert await brought(stores, "in") == await brought(stores, "old/605d.png") == b"picture"
    assert await brought(stores, "out") is await brought(stores, "beside/other") is None
    assert done.err.splitlines() == [
        "'beside' left out: the link leads out of the folder",
        "'comics/up' left out: the link leads round in a circle",
        "'itself' left out: the link leads nowhere",
        "'nowhere' left out: the link leads nowhere",
        "'out' left out: the link leads out of the folder",
    ]


async def test_what_no_dump_can_name_stays_out(script: Script, stores: Stores, folder: Path) -> None:
    (folder / os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"latin")
    os.mkfifo(folder / "pipe")
    (folder / "a\\b\n..jpg").write_bytes(b"odd")
    done = await script("import_media", str(folder))
    assert (done.code, done.json["files"]) == (0, 4)
    assert await brought(stores, "a\\b\n..jpg") == b"odd"
    assert "'caf\\\\udce9.jpg' left out: the name is not UTF-8\n" in done.err
    assert "'pipe' left out: it is no file\n" in done.err


async def test_a_folder_that_is_none_is_an_error(script: Script, folder: Path) -> None:
    for path in (folder / "missing", folder / "empty"):
        done = await script("import_media", str(path))
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith(f"{path}: ")
        assert done.err.count("\n") == 1


async def test_wrong_usage_is_told_apart_and_help_has_an_example(script: Script) -> None:
    assert (await script("import_media")).code == 2
    shown = await script("import_media", "--help")
    assert shown.code == 0
    assert "python -m scripts.import_media /backup/media" in shown.out


async def test_a_killed_run_leaves_whole_files_and_can_be_repeated(
    script: Script, stores: Stores, database: Database, settings: Settings, folder: Path
) -> None:
    for number in range(40):
        (folder / f"{number:02d}.bin").write_bytes(bytes([number]) * (3 * CHUNK))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scripts.import_media", str(folder)),
        cwd=ROOT,
        env={**os.environ, **as_environment(settings)},
    )
    while not await database["fs.files"].count_documents({}):  # noqa: ASYNC110  another process writes them
        await asyncio.sleep(0.005)
    process.kill()
    await process.wait()
    assert await database["fs.files"].count_documents({}) < 43
    done = await script("import_media", str(folder))
    assert (done.code, done.json["files"]) == (0, 43)
    assert 0 < done.json["unchanged"] < 43
    for number in range(40):
        assert await brought(stores, f"{number:02d}.bin") == bytes([number]) * (3 * CHUNK)
