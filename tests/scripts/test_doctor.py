"""The doctor: what it looks at, what it says is wrong, and the command that it gives for that."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
import pytest

from scripts.doctor.database import check_clock, check_database, check_indexes, check_program
from scripts.doctor.finding import Finding, is_healthy
from scripts.doctor.ground import applies, check_packages, check_python, choose_mend, read_pins
from scripts.doctor.machine import check_files
from scripts.doctor.network import check_mail, check_port, check_sms
from scripts.doctor.own import check_addresses, check_folder, check_key
from settings import Settings
from storage.database import Database
from storage.examination import SCRATCH, Examination, Server
from storage.imports.formats import INDEXES
from storage.stores import Stores
from tests.scripts.conftest import Script
from tests.serving import ROOT, Served, as_environment

CLOSED = "127.0.0.1:9"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def find(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the one finding about a thing."""
    (found,) = [each for each in answer["checks"] if each["check"] == name]
    return dict(found)


def offline(**values: Any) -> Settings:
    """Make settings of a process without an environment."""
    return Settings(_env_file=None, **values)


@asynccontextmanager
async def listening(talk: Talk) -> AsyncIterator[int]:
    """Let something listen; give its port, and wait for the end of every talk."""
    talks: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(asyncio.current_task())
        await talk(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield int(server.sockets[0].getsockname()[1])
        await asyncio.gather(*(each for each in talks if each is not None))


# As people run it


async def test_all_is_well_where_it_is_and_nothing_is_left_behind(script: Script, stores: Stores) -> None:
    """One document with every check on standard output, a line for each on the other, exit 0."""
    before = await stores.database.handle.list_collection_names()
    ran = await script("doctor", "--port", "9", EMAIL_URL="console:")
    assert ran.code == 0, ran.err
    assert ran.json["ok"] is True
    looked_at = [each["check"] for each in ran.json["checks"]]
    assert len(set(looked_at)) == len(looked_at) == len(ran.err.splitlines()) - ran.err.count("$ ")
    for name in ("database", "replica set", "writes", "indexes", "jobs", "clock", "orphans", "port", "disk"):
        assert find(ran.json, name)["state"] == "ok", ran.err
    after = await stores.database.handle.list_collection_names()
    assert sorted(after) == sorted(before)
    assert not any(name.startswith(SCRATCH) for name in after)


@pytest.mark.drops_indexes
async def test_each_thing_that_is_wrong_has_a_line_and_a_command(
    settings: Settings, stores: Stores, tmp_path: Path
) -> None:
    """Mail, text messages, indexes, failed jobs, open files: all of them in one run, exit 1."""
    await stores.database["votes"].drop_index("user_id_1")
    await stores.database["votes"].create_index([("odd", 1)])
    await stores.database["jobs"].insert_one({"kind": "mail", "state": "failed", "run_after": None})
    wrong = {"EMAIL_URL": f"smtp://ann:hunter2@{CLOSED}", "SMS_URL": f"http://ann:hunter2@{CLOSED}/x"}
    limited = ["sh", "-c", 'ulimit -n 900; exec "$@"', "sh", sys.executable, "-m", "scripts.doctor"]
    process = await asyncio.create_subprocess_exec(
        *limited,
        cwd=ROOT,
        env={**os.environ, **as_environment(settings), **wrong},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    answer = orjson.loads(out)
    assert (process.returncode, answer["ok"]) == (1, False), err
    states = {name: find(answer, name)["state"] for name in ("mail", "text messages", "jobs", "open files")}
    assert states == {
        "mail": "failed",
        "text messages": "failed",
        "jobs": "warning",
        "open files": "warning",
    }
    indexes = [each for each in answer["checks"] if each["check"] == "indexes"]
    assert [each["state"] for each in indexes] == ["failed", "warning"]
    assert "votes (user_id 1)" in indexes[0]["found"]
    assert 'votes.dropIndex("odd_1")' in indexes[1]["mend"]
    assert "MAX_CONNECTIONS=700" in find(answer, "open files")["mend"]
    assert all(each["mend"] for each in answer["checks"] if each["state"] != "ok")
    assert b"hunter2" not in out + err


async def test_without_a_database_it_says_so_and_ends(script: Script) -> None:
    """The rest is looked at all the same; the connection string is not repeated."""
    away = f"mongodb://ann:hunter2@{CLOSED}/?serverSelectionTimeoutMS=300"
    ran = await script("doctor", MONGODB_URI=away)
    assert ran.code == 1
    database = find(ran.json, "database")
    assert (database["state"], CLOSED in database["found"]) == ("failed", True)
    assert find(ran.json, "python")["state"] == "ok"
    assert "hunter2" not in ran.out + ran.err


async def test_a_wrong_setting_is_named_and_wrong_usage_is_2(script: Script) -> None:
    ran = await script("doctor", FLUX_LIMIT_VOTE="often")
    assert ran.code == 1
    settings = find(ran.json, "settings")
    assert "FLUX_LIMIT_VOTE" in settings["found"]
    assert "unset FLUX_LIMIT_VOTE" in settings["mend"]
    unsigned = await script("doctor", SECRET_KEY="hunter2")
    assert "openssl rand" in find(unsigned.json, "settings")["mend"]
    assert "hunter2" not in unsigned.out + unsigned.err
    assert (await script("doctor", "--port", "99999")).code == 2


async def test_without_data_it_tries_mongod_elsewhere(script: Script, tmp_path: Path) -> None:
    """A first look makes nothing in DATA_DIR, and shows that the own MongoDB starts."""
    folder = tmp_path / "not there"
    ran = await script("doctor", MONGODB_URI="", SECRET_KEY="", DATA_DIR=str(folder), EMAIL_URL="console:")
    assert ran.code == 0, ran.err
    assert find(ran.json, "writes")["state"] == "ok"
    assert find(ran.json, "indexes")["found"] == "nothing is stored yet"
    assert not folder.exists()


async def test_where_nothing_is_installed_it_says_so_and_how_to_install(tmp_path: Path) -> None:
    """Python without any package: no traceback, one document, exit 1."""
    bare = [sys.executable, "-S", "-m", "scripts.doctor"]  # -S: no site-packages
    process = await asyncio.create_subprocess_exec(
        *bare, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    answer = orjson.loads(out)
    assert (process.returncode, answer["ok"]) == (1, False)
    assert "tornado is missing" in find(answer, "packages")["found"]
    assert b"Traceback" not in err


@pytest.mark.drops_indexes
async def test_what_an_import_has_made_is_no_fault(settings: Settings, stores: Stores) -> None:
    await stores.database.ensure_indexes(INDEXES)
    found = await check_indexes(Examination(stores.database), settings.mongodb_database, "mongosh")
    assert not any("desc 1, uid 1" in each.found or "_content.id" in each.found for each in found), found


# One by one


def test_an_old_python_is_named() -> None:
    assert check_python((3, 10, 4)).state == "failed"
    assert check_python((3, 11, 0)).state == "ok"


def test_packages_are_held_against_the_pins(tmp_path: Path) -> None:
    """Missing and other versions are named; what is for another platform does not count."""
    pins = tmp_path / "requirements.txt"
    pins.write_text('# a note\ntornado==1.0\nnothing-like-this==2\nodd==3; sys_platform == "plan9"\n')
    assert list(read_pins(pins)) == [("tornado", "1.0"), ("nothing-like-this", "2")]
    found = check_packages(pins)
    assert found.state == "failed"
    assert "tornado is 6" in found.found
    assert "nothing-like-this is missing" in found.found
    assert found.mend == choose_mend(pins)
    assert applies(f'sys_platform == "{sys.platform}" or platform_machine == "x"')
    assert not applies(f'sys_platform == "{sys.platform}" and platform_machine == "x"')


def test_more_sockets_than_files_are_doubtful() -> None:
    assert check_files(offline(max_connections=1)).state == "ok"
    found = check_files(offline(max_connections=10**9))
    assert found.state in {"warning", "ok"}  # where there is no limit there is nothing to say


@pytest.mark.parametrize(
    ("content", "mode", "state", "mend"),
    [
        ("k" * 64, 0o600, "ok", None),
        ("k" * 64, 0o644, "failed", "chmod 600"),
        ("short", 0o600, "failed", "rm "),
        (None, 0, "ok", None),
    ],
)
def test_the_key_is_long_and_its_owners(
    tmp_path: Path, content: str | None, mode: int, state: str, mend: str | None
) -> None:
    if content is not None:
        (tmp_path / "secret_key").write_text(content)
        (tmp_path / "secret_key").chmod(mode)
    found = check_key(offline(data_dir=tmp_path))
    assert (found.state, found.mend is None) == (state, mend is None)
    assert mend is None or mend in str(found.mend)


def test_a_key_that_is_no_file_is_moved_away(tmp_path: Path) -> None:
    (tmp_path / "secret_key").mkdir()
    found = check_key(offline(data_dir=tmp_path))
    assert (found.state, str(found.mend)[:3]) == ("failed", "mv ")


def test_a_folder_that_cannot_be_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert check_folder(offline(data_dir=tmp_path / "file")).state == "failed"
    assert check_folder(offline(data_dir=tmp_path / "new" / "deep")).state == "ok"


def test_addresses_matter_where_others_come() -> None:
    """A server over a database of its own needs nothing; one for others needs an encrypted BASE_URL."""
    away = {"mongodb_uri": "mongodb://db.example/", "secret_key": "k" * 32}

    def states(**values: Any) -> list[str]:
        return [each.state for each in check_addresses(offline(**values))]

    assert states() == ["ok"]
    assert states(**away) == ["warning"]
    assert states(**away, base_url="http://folk.example", debug=True) == ["warning", "warning"]
    assert states(**away, base_url="https://folk.example") == ["ok"]
    assert states(base_url="http://localhost:8888") == ["ok"]


def test_a_clock_that_is_wrong_is_named() -> None:
    drifts = {0.1: "ok", -5: "warning", 100: "failed"}
    for drift, state in drifts.items():
        assert check_clock(Server("6.0", "a set", True, drift)).state == state


def test_a_mongod_that_is_none_is_named() -> None:
    assert check_program(offline(mongod="/nothing/like/this")).state == "failed"
    assert check_program(offline(mongod="/bin/false")).state == "failed"
    assert "unset MONGOD" in str(check_program(offline(mongod="/bin/false")).mend)
    assert check_program(offline()).state == "ok"


async def test_a_port_is_free_or_ours_or_anothers(server: Served) -> None:
    """Who has it is found out by asking; a program that answers nothing is another's."""
    assert (await check_port(int(server.url.rpartition(":")[2]))).found.startswith("a Folkmoot serves")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        assert (await check_port(port)).state == "ok"

    async def mutter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 something else\r\n")

    async with listening(mutter) as port:
        assert (await check_port(port)).state == "warning"
        assert (await check_sms(offline(sms_url=f"http://127.0.0.1:{port}/"))).state == "ok"


async def test_a_mail_servers_greeting_is_enough(tmp_path: Path) -> None:
    """A server that greets is fine, one that is silent or refuses is not; no mail is sent."""
    said: list[bytes] = []

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        while line := await reader.readline():
            said.append(line.split()[0].upper())
            writer.write(b"250 mail.example\r\n" if said[-1] == b"EHLO" else b"221 bye\r\n")

    async with listening(greet) as port:
        found = await check_mail(offline(email_url=f"smtp://127.0.0.1:{port}"))
    assert (found.state, set(said)) == ("ok", {b"EHLO", b"QUIT"})
    assert (await check_mail(offline(email_url="smtp://ann:hunter2@"))).state == "failed"
    assert (await check_mail(offline(email_url=f"file:{tmp_path}"))).state == "ok"
    (tmp_path / "file").touch()
    assert (await check_mail(offline(email_url=f"file:{tmp_path / 'file'}"))).state == "failed"
    away = offline(mongodb_uri="mongodb://db.example/", secret_key="k" * 32)
    assert ((await check_mail(away)).state, (await check_sms(away)).state) == ("warning", "warning")


async def test_long_transactions_are_told(settings: Settings, stores: Stores, monkeypatch: Any) -> None:
    async def long(database: Database) -> int:
        return 60

    monkeypatch.setattr(Database, "longest_transaction", long)
    assert settings.mongodb_uri is not None
    uri = settings.mongodb_uri.get_secret_value()
    found = [each async for each in check_database(settings, uri)]
    (orphans,) = [each for each in found if each.check == "orphans"]
    assert (orphans.state, "setParameter" in str(orphans.mend)) == ("warning", True)


def test_warnings_do_not_make_an_installation_sick() -> None:
    assert is_healthy([Finding("x", "ok", ""), Finding("y", "warning", "", "z")])
    assert not is_healthy([Finding("x", "ok", ""), Finding("y", "failed", "", "z")])
