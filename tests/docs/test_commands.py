"""Every command of README.md and docs, run as a reader would, one after the other, against a server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.blocks import Command, documents, read_blocks, read_commands
from tests.serving import READY, ROOT, ServerProcess

# What begins everything, or is everything: these tests begin with the former and are part of the latter.
BEGINNINGS = ("./scripts/serve", "./scripts/test", "./scripts/check", "./.ci/run")
BOUND = "\x1e"


def commands_of(document: Path) -> list[Command]:
    """Return what a document tells people to run."""
    return [command for block in read_blocks(document, "sh") for command in read_commands(block)]


def runnable(document: Path) -> list[Command]:
    """Leave out what can't run inside of a test."""
    return [each for each in commands_of(document) if not each.text.startswith(BEGINNINGS)]


WITH_COMMANDS = [each for each in documents() if runnable(each)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a newcomer's data folder."""
    return tmp_path_factory.mktemp("newcomer")


@pytest.fixture(scope="module")
def environment(folder: Path) -> dict[str, str]:
    """Give the settings of a newcomer, who has none, but for the cost of passwords."""
    return {**os.environ, "DATA_DIR": str(folder), "BCRYPT_ROUNDS": "4", "MONGODB_URI": ""}


@pytest.fixture(scope="module")
def server(environment: dict[str, str], folder: Path) -> Iterator[str]:
    """Run the server with its demo data; return host and port."""
    log = folder / "server.log"
    with log.open("wb") as output:
        command = [sys.executable, "server.py", "--demo", "--port", "0"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    running = ServerProcess(process, log)
    yield running.wait_for(READY, 60).removeprefix("http://")
    running.stop()


def run(commands: list[Command], environment: dict[str, str]) -> list[str]:
    """Run commands in one shell; return what each of them printed, after an end that says how it went."""
    script = "".join(f"{each.text}\nprintf '{BOUND}%s{BOUND}' $?\n" for each in commands)
    ended = subprocess.run(
        ["bash", "-u", "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    pieces = ended.stdout.split(BOUND)
    assert len(pieces) == 2 * len(commands) + 1, ended.stderr
    for command, status in zip(commands, pieces[1::2], strict=True):
        assert status == "0", (command.text, status, ended.stdout, ended.stderr)
    return pieces[:-1:2]


def adapt(command: Command, server: str, folder: Path) -> Command:
    """Have a command ask the test's server, run the test's Python and write into the test's folder."""
    text = re.sub(r"(localhost|127\.0\.0\.1):8888", server, command.text)
    text = text.replace("/tmp/", f"{folder}/").replace(".venv/bin/python", sys.executable)  # noqa: S108
    return Command(text, command.answer)


@pytest.mark.parametrize("document", WITH_COMMANDS, ids=lambda each: each.stem)
def test_what_a_document_shows_is_what_happens(
    document: Path, server: str, environment: dict[str, str], folder: Path
) -> None:
    commands = [adapt(each, server, folder) for each in runnable(document)]
    for command, found in zip(commands, run(commands, environment), strict=True):
        assert not command.answer or command.is_answer(found), (command.text, found)


@pytest.mark.parametrize(
    ("answer", "found", "same"),
    [
        ('{"a":1,…}', '{"a":1,"b":2}', True),
        ('{"a":1,…}', '{"a":2,"b":2}', False),
        ("{\n…", '{\n "a": 1\n}', True),
        ("Mia", "Mia\n", True),
        ("Mia", "", False),
    ],
)
def test_answers_are_compared(answer: str, found: str, same: bool) -> None:
    """A document that lies would be found out."""
    assert Command("", answer).is_answer(found) is same
