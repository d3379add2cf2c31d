"""Running a maintenance script as people do: a process of its own over the test's database."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from settings import Settings
from tests.serving import ROOT, as_environment


@dataclass(frozen=True)
class Ran:
    """How a script ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return the one JSON document on standard output."""
        return orjson.loads(self.out)


Script = Callable[..., Awaitable[Ran]]


@pytest.fixture
def script(settings: Settings) -> Script:
    async def run(name: str, *arguments: str, **environment: str) -> Ran:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", f"scripts.{name}", *arguments),
            cwd=ROOT,
            env={**os.environ, **as_environment(settings), **environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        return Ran(process.returncode, out.decode(), err.decode())

    return run
