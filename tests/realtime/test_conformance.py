"""The hub's WebSocket under the cases of Autobahn, run by somebody else's program."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

WITHOUT_COMPRESSION, INVALID_CODES = 301, {f"7.9.{number}" for number in range(1, 10)}


def judge(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Run the command in a process of its own; return how it ended and what it found."""
    command = [sys.executable, "-m", "scripts.conformance", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.timeout(300)
def test_every_case_without_compression_passes() -> None:
    code, found = judge()
    assert (found["failed"], found["cases"], code) == ({}, WITHOUT_COMPRESSION, 0)


def test_the_cases_tell_a_good_server_from_another() -> None:
    """Tornado as it comes echoes close codes that nobody may send."""
    code, found = judge("--stock", "7.*")
    assert (found["failed"].keys(), code) == (INVALID_CODES, 1)


def test_compression_is_judged_too_where_it_is_negotiated() -> None:
    code, found = judge("--all", "1.1.*", "7.9.*", "12.1.1", "13.3.1")
    assert (found["failed"], code) == ({}, 0)
    assert found["verdicts"] == {"OK": found["cases"]}
