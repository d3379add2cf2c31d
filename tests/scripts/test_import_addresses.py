"""Importing suburbs and streets from a file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from settings import Settings
from storage.database import Database
from storage.stores import Stores
from tests.serving import ROOT, as_environment

GOOD = """\
postcode,street,country,suburb,note
0800, woods St ,AU,Darwin (NT),x
0800,ANCHORAGE CT,au,DARWIN (NT)
0800,Woods St,au,Darwin (NT),again

2000,,au,"The ""Rocks"", Sydney",
"""


class Importer:
    """Runs the script over the test's database."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.environment = {**os.environ, **as_environment(settings)}
        self.file = folder / "places.csv"

    def run(self, content: bytes | None) -> subprocess.CompletedProcess[str]:
        """Import a file with this content; None for a file that isn't there."""
        if content is not None:
            self.file.write_bytes(content)
        return self.start(str(self.file))

    def start(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the script."""
        command = [sys.executable, "-m", "scripts.import_addresses", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False, timeout=60
        )


@pytest.fixture
def importer(settings: Settings, stores: Stores, tmp_path: Path) -> Importer:
    return Importer(settings, tmp_path)


async def places(database: Database) -> list[dict[str, Any]]:
    """Return all that is stored."""
    found = [await database[name].find({}).to_list(None) for name in ("suburbs", "streets")]
    return [row for rows in found for row in rows]


async def test_a_file_fills_both_collections(importer: Importer, stores: Stores) -> None:
    done = importer.run(GOOD.encode())
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"rows": 4, "suburbs": 2, "streets": 2}
    assert await stores.gazetteer.suburbs("au", "2000") == ['THE "ROCKS", SYDNEY']
    assert await stores.gazetteer.streets("au", "2000", 'The "Rocks", Sydney') == []
    assert await stores.gazetteer.streets("au", "0800", "Darwin (NT)") == ["ANCHORAGE CT", "WOODS ST"]


async def test_a_second_run_changes_nothing(importer: Importer, database: Database) -> None:
    importer.run(GOOD.encode())
    before = await places(database)
    done = importer.run(GOOD.encode())
    assert json.loads(done.stdout) == {"rows": 4, "suburbs": 2, "streets": 2}
    assert await places(database) == before


async def test_a_byte_order_mark_and_other_line_ends_do_no_harm(importer: Importer, stores: Stores) -> None:
    done = importer.run(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert done.returncode == 0
    assert await stores.gazetteer.suburbs("au", "0800") == ["DARWIN (NT)"]


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (b"country,postcode,suburb\nau,1,A\n", "line 1", "street"),
        (b"", "line 1", "country"),
        (b"country,postcode,suburb,street\nau,1,A,B\n,1,A,B\n", "line 3", "country"),
        (b"country,postcode,suburb,street\nau,1,A,B\nau, ,A,B\n", "line 3", "postcode"),
        (b"country,postcode,suburb,street\nau,1,A,B\nau,1\n", "line 3", "suburb"),
        (b"country,postcode,suburb,street\nau,1,A,B\n,,,\n", "line 3", "country"),
        (b"country,postcode,suburb,street\nau,1,A,B\nau,1,A,B,C\n", "line 3", "cells"),
        (b'country,postcode,suburb,street\nau,1,A,B\nau,1,"A,B\n', "line 3", ""),
        (b"country,postcode,suburb,street\nau,1,A,B\nau,1,A,\xff\n", "line 3", "UTF-8"),
    ],
)
async def test_a_bad_file_is_named_by_line_and_leaves_nothing(
    importer: Importer, database: Database, content: bytes, line: str, reason: str
) -> None:
    done = importer.run(content)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{importer.file} {line}: " in done.stderr
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1
    assert await places(database) == []


async def test_a_file_that_is_not_there_is_an_error(importer: Importer) -> None:
    done = importer.run(None)
    assert done.returncode == 1
    assert str(importer.file) in done.stderr


async def test_wrong_usage_is_told_apart(importer: Importer) -> None:
    assert importer.start().returncode == 2
    shown = importer.start("--help")
    assert shown.returncode == 0
    assert "python -m scripts.import_addresses addresses.csv" in shown.stdout
