"""The embedded mongod with its real processes: sharing, dying and coming back."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import SystemRandom
from typing import Any

import pytest
from pymongo import MongoClient

from storage.embedded import Lease, find_mongod, join
from storage.embedded.deadline import Deadline
from storage.embedded.folder import Folder, is_free
from storage.embedded.locks import LockFile
from storage.embedded.mongod import TRANSACTION_SECONDS, build_command

ROOT = Path(__file__).parents[2]
USER = """
import os, sys
from pathlib import Path
from storage.embedded import join
lease = join(Path(sys.argv[1]))
{more}
print(lease.uri, flush=True)
sys.stdin.read()
"""
FORKING = """
if os.fork():
    lease.release()
    sys.stdin.read()
    os._exit(0)
"""


class User:
    """Another process with a lease on the folder."""

    def __init__(self, folder: Folder, more: str = "") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER.format(more=more), str(folder.root)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def uri(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self, number: int = signal.SIGKILL) -> None:
        self.process.send_signal(number)
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    folder = Folder(tmp_path.resolve() / "data")
    yield folder
    if folder.root.exists():
        wait_until(lambda: is_idle(folder))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Folder, Lease]]:
    """One running mongod for the tests that only look at it."""
    folder = Folder(tmp_path_factory.mktemp("shared").resolve() / "data")
    with join(folder.root) as lease:
        yield folder, lease


def wait_until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = Deadline(seconds)
    while not true():
        assert deadline.pause(), "it never came true"


def is_idle(folder: Folder) -> bool:
    """Tell whether neither a supervisor nor a mongod lives."""
    locks = [LockFile.open(folder.lock(name)) for name in ("owner", "supervisor")]
    try:
        return all(lock.try_exclusive() for lock in locks)
    finally:
        for lock in locks:
            lock.close()


def mongod_pid(folder: Folder) -> int:
    return int((folder.data / "mongod.lock").read_text())


def supervisor_pid(folder: Folder) -> int:
    command = ["ps", "-o", "ppid=", "-p", str(mongod_pid(folder))]
    return int(subprocess.run(command, check=True, capture_output=True).stdout)


def connect(lease: Lease) -> MongoClient[dict[str, Any]]:
    return MongoClient(lease.uri)


def test_a_fresh_start_gives_transactions_and_change_streams(shared: tuple[Folder, Lease]) -> None:
    with connect(shared[1]) as client:
        notes = client.folkmoot.notes
        notes.insert_one({"_id": 1})
        with notes.watch() as stream:
            with client.start_session() as session, session.start_transaction():
                notes.update_one({"_id": 1}, {"$set": {"n": 2}}, session=session)
            assert next(stream)["operationType"] == "update"


def test_it_listens_on_loopback_only_and_reaps_orphaned_transactions_soon(
    shared: tuple[Folder, Lease],
) -> None:
    with connect(shared[1]) as client:
        options = client.admin.command("getCmdLineOpts")["parsed"]
        limit = client.admin.command("getParameter", transactionLifetimeLimitSeconds=1)
    assert options["net"]["bindIp"] == "127.0.0.1"
    assert limit["transactionLifetimeLimitSeconds"] == TRANSACTION_SECONDS


def test_its_files_are_for_their_owner_only(shared: tuple[Folder, Lease]) -> None:
    root = shared[0].root
    found = [root, *root.rglob("*")]
    assert len(found) > 10
    assert [path for path in found if path.stat().st_mode & 0o077] == []


def test_a_second_lease_shares_the_mongod_at_once(shared: tuple[Folder, Lease]) -> None:
    folder, first = shared
    pid = mongod_pid(folder)
    began = time.monotonic()
    with join(folder.root) as second:
        assert time.monotonic() - began < 0.25
        assert second.uri == first.uri
    assert mongod_pid(folder) == pid
    assert connects(first)


def test_joining_leaves_no_thread_behind(shared: tuple[Folder, Lease]) -> None:
    before = threading.active_count()
    with join(shared[0].root):
        assert threading.active_count() == before


def test_three_simultaneous_fresh_starts_make_one_mongod(folder: Folder) -> None:
    users = [User(folder) for _ in range(3)]
    uris = {user.uri() for user in users}
    starts = folder.log.read_text().count('"msg":"MongoDB starting"')
    for user in users:
        user.end()
    assert len(uris) == 1
    assert uris != {""}
    assert starts == 1
    assert not folder.log.with_suffix(".log.old").exists()


def test_mongod_stays_for_the_other_user_and_goes_with_the_killed_last_one(folder: Folder) -> None:
    first, last = User(folder), User(folder)
    assert first.uri() == last.uri()
    first.end()
    with join(folder.root) as lease:
        assert connects(lease)
    last.end()
    wait_until(lambda: is_idle(folder), 3)


def connects(lease: Lease) -> bool:
    with connect(lease) as client:
        return bool(client.admin.command("ping")["ok"])


def test_a_forked_child_keeps_the_lease_of_its_parent(folder: Folder) -> None:
    user = User(folder, more=FORKING)
    assert user.uri()
    pid = mongod_pid(folder)
    with join(folder.root):
        assert mongod_pid(folder) == pid
    assert user.process.stdin is not None
    user.process.stdin.close()
    user.process.wait()
    wait_until(lambda: is_idle(folder))
    assert user.process.stdout is not None
    user.process.stdout.close()


def test_a_killed_mongod_comes_back_on_its_port_and_a_client_goes_on(folder: Folder) -> None:
    with join(folder.root) as lease, connect(lease) as client:
        client.folkmoot.notes.insert_one({"_id": "before"})
        pid = mongod_pid(folder)
        os.kill(pid, signal.SIGKILL)
        client.folkmoot.notes.insert_one({"_id": "after"})
        assert mongod_pid(folder) != pid
        assert client.folkmoot.notes.count_documents({}) == 2


def test_a_user_mends_a_killed_supervisor(folder: Folder) -> None:
    with join(folder.root) as lease, connect(lease) as client:
        assert not lease.mend()
        killed = supervisor_pid(folder)
        os.kill(killed, signal.SIGKILL)
        wait_until(lease.mend)
        client.folkmoot.notes.insert_one({"_id": "after"})
        assert not lease.mend()
        assert supervisor_pid(folder) != killed


def test_after_everything_was_killed_at_once_the_next_start_finds_the_data(folder: Folder) -> None:
    user = User(folder)
    with MongoClient[dict[str, Any]](user.uri()) as client:
        client.folkmoot.notes.insert_one({"_id": 1})
    for pid in (supervisor_pid(folder), mongod_pid(folder)):
        os.kill(pid, signal.SIGKILL)
    user.end()
    folder.port_file.write_bytes(b"2\xff")
    folder.lock("lease").write_text("garbage")
    with join(folder.root) as lease, connect(lease) as client:
        assert client.folkmoot.notes.count_documents({}) == 1


def test_a_mongod_without_supervisor_is_adopted_and_stopped_in_the_end(folder: Folder) -> None:
    folder.prepare()
    port = folder.choose_port(SystemRandom())
    owner = LockFile.open(folder.lock("owner"))
    assert owner.try_exclusive()
    command = build_command(find_mongod(None), folder.data, port)
    orphan = subprocess.Popen(command, stdout=subprocess.DEVNULL, pass_fds=(owner.descriptor,))
    owner.close()
    with join(folder.root) as lease:
        assert mongod_pid(folder) == orphan.pid
        assert lease.uri.startswith(f"mongodb://127.0.0.1:{port}/")
    assert orphan.wait(5) == 0


def test_the_port_is_kept_and_only_changes_when_somebody_else_took_it(folder: Folder) -> None:
    with join(folder.root) as lease, connect(lease) as client:
        client.folkmoot.notes.insert_one({"_id": 1})
        kept = lease.uri
    wait_until(lambda: is_idle(folder))
    with join(folder.root) as lease:
        assert lease.uri == kept
    wait_until(lambda: is_idle(folder))
    assert folder.log.with_suffix(".log.old").exists()
    port = folder.read_port()
    assert port
    with occupy(port), join(folder.root) as lease, connect(lease) as client:
        assert lease.uri != kept
        assert client.folkmoot.notes.find_one({}) == {"_id": 1}


def occupy(port: int) -> socket.socket:
    """Hold the port without listening on it."""
    assert is_free(port)
    holder = socket.socket()
    holder.bind(("127.0.0.1", port))
    return holder


def test_the_lease_is_back_after_release_however_often(folder: Folder) -> None:
    lease = join(folder.root)
    lease.release()
    lease.release()
    assert not lease.mend()
    wait_until(lambda: is_idle(folder), 3)
    assert folder.log.stat().st_size > 0
