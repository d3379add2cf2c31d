"""Server processes for benchmarks."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


@asynccontextmanager
async def start_servers(uri: str, database: str, count: int = 1) -> AsyncIterator[Sequence[str]]:
    """Run servers over one database, every limit on but wide; yield their addresses."""
    servers = [await start_program(uri, database, "server.py", "--port", "0") for _ in range(count)]
    try:
        yield [address for _, address in servers]
    finally:
        for process, _ in servers:
            process.terminate()
            await process.wait()


async def start_program(uri: str, database: str, *command: str) -> tuple[asyncio.subprocess.Process, str]:
    """Start Python with this command over a database; return the process and the address it prints."""
    environment = {
        **os.environ,
        "MONGODB_URI": uri,
        "MONGODB_DATABASE": database,
        "SECRET_KEY": "k" * 32,
        "RATE_LIMIT_SCALE": "1000",
        "JOB_WORKERS": "0",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *command),
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    return process, (await process.stdout.readline()).decode().rpartition(" ")[2].strip()
