"""What the embedded mongod says when it can't run, and that it never touches what is there."""

import errno
import fcntl
import importlib.util
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.embedded import EmbeddedError, find_mongod, join
from storage.embedded.deadline import Deadline
from storage.embedded.folder import Folder
from storage.embedded.locks import LockFile
from storage.embedded.log import LONGEST, find_cause


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a mongod that has ended well."""
    folder = Folder(tmp_path_factory.mktemp("stopped").resolve())
    join(folder.root).release()
    owner = LockFile.open(folder.lock("owner"))
    assert owner.wait_exclusive(Deadline(10))
    owner.close()
    return folder.data


@pytest.fixture
def folder(tmp_path: Path, stopped: Path) -> Iterator[Folder]:
    """A folder with data of its own to damage; what the damage leaves must stay as it is."""
    folder = Folder(tmp_path.resolve() / "data")
    folder.prepare()
    shutil.copytree(stopped, folder.data, dirs_exist_ok=True)
    yield folder
    owner = LockFile.open(folder.lock("owner"))
    assert owner.wait_exclusive(Deadline(10))
    owner.close()


def read_collections(folder: Folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.data.glob("collection-*.wt")}


def test_a_corrupt_data_folder_is_an_error_that_quotes_the_log(folder: Folder) -> None:
    damaged = folder.data / "WiredTiger.wt"
    damaged.write_bytes(b"garbage" * 1000)
    before = read_collections(folder)
    with pytest.raises(EmbeddedError, match=r"can't start.*WiredTiger.wt is corrupted.*Nothing was deleted"):
        join(folder.root)
    assert damaged.read_bytes() == b"garbage" * 1000
    assert read_collections(folder) == before


def test_data_of_another_version_is_an_error_that_quotes_the_log(folder: Folder) -> None:
    turtle = folder.data / "WiredTiger.turtle"
    later = turtle.read_text("latin-1").replace("major=", "major=9")
    turtle.write_text(later, "latin-1")
    with pytest.raises(EmbeddedError, match="unsupported WiredTiger source file version"):
        join(folder.root)
    assert turtle.read_text("latin-1") == later


def test_data_without_its_directory_is_not_started_over(folder: Folder) -> None:
    (folder.data / "WiredTiger.turtle").unlink()
    with pytest.raises(EmbeddedError, match=r"WiredTiger.turtle is missing"):
        join(folder.root)
    assert not (folder.data / "WiredTiger.turtle").exists()


def test_a_program_that_is_no_mongod_is_an_error_that_quotes_it(tmp_path: Path) -> None:
    program = tmp_path / "mongod"
    program.write_text("#!/bin/sh\necho no such library >&2\nexit 127\n")
    program.chmod(0o700)
    with pytest.raises(EmbeddedError, match=r"can't start.*no such library"):
        join(tmp_path / "data", str(program))


def test_a_program_of_another_machine_is_an_error_that_quotes_the_system(tmp_path: Path) -> None:
    program = tmp_path / "mongod"
    program.write_bytes(b"\x00not for here")
    program.chmod(0o700)
    with pytest.raises(EmbeddedError, match="Exec format error"):
        join(tmp_path / "data", str(program))


@pytest.mark.parametrize("setting", ["/no/such/mongod", "no-such-mongod", __file__])
def test_a_wrong_mongod_setting_is_named_with_the_way_out(tmp_path: Path, setting: str) -> None:
    with pytest.raises(EmbeddedError, match=rf"MONGOD is '{setting}'.*MONGODB_URI"):
        join(tmp_path / "data", setting)


def test_without_any_mongod_the_error_names_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EmbeddedError, match="MONGODB_URI"):
        find_mongod(None)


def test_the_setting_beats_path_and_path_beats_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    shipped = find_mongod(None)
    assert "fiftyone" in str(shipped)
    assert not any(name.startswith("fiftyone") for name in sys.modules)
    on_path = tmp_path / "mongod"
    on_path.symlink_to(shipped)
    assert find_mongod(None) == on_path
    assert find_mongod(str(shipped)) == shipped


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedError, match=r"DATA_DIR can't be made.*Set DATA_DIR"):
        join(tmp_path / "file" / "data")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "lease.lock").mkdir()  # refused to root as well, other than a missing permission
    with pytest.raises(EmbeddedError, match=r"DATA_DIR can't be written: .*lease.lock"):
        join(tmp_path)


def test_a_file_system_without_locks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(EmbeddedError, match=r"No locks available.*network file system"):
        join(tmp_path / "data")


def test_a_start_that_never_ends_is_not_waited_for_without_end(tmp_path: Path) -> None:
    holder = LockFile.open(tmp_path / "start.lock")
    assert holder.try_exclusive()
    with pytest.raises(EmbeddedError, match=r"hasn't ended within 0.1 s"):
        join(tmp_path, patience=0.1)
    holder.close()


def test_the_cause_is_the_first_error_of_a_log_cut_to_length(tmp_path: Path) -> None:
    log = tmp_path / "mongo.log"
    entries = [
        {"s": "I", "msg": "fine"},
        {"s": "E", "msg": "first", "attr": {"error": {"code": 1, "errmsg": "x" * 999}}},
        {"s": "F", "msg": "second", "attr": {}},
    ]
    log.write_text("noise\n" + "\n".join(json.dumps(entry) for entry in entries))
    cause = find_cause(log)
    assert cause is not None
    assert cause.startswith("first: xxx")
    assert len(cause) < LONGEST + 5


def test_a_log_without_errors_or_no_log_has_no_cause(tmp_path: Path) -> None:
    log = tmp_path / "mongo.log"
    assert find_cause(log) is None
    log.write_text('{"s": "I", "msg": "fine"}\n\n')
    assert find_cause(log) is None
