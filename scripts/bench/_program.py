"""Server programs of benches: started as a child, told what to do by lines of JSON, answering by the same."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
LONGEST = 1 << 24  # bytes of a line

Order = Mapping[str, Any]


class Program:
    """A server in a process of its own."""

    def __init__(self, process: Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the program has no pipes")
        self._input, self._output = process.stdin, process.stdout
        self.port = 0

    async def hear(self) -> dict[str, Any]:
        """Return the next answer."""
        answer: dict[str, Any] = json.loads(await self._output.readline())
        return answer

    async def tell(self, **order: Any) -> dict[str, Any]:
        """Give an order and return what comes of it."""
        self._input.write(json.dumps(order).encode() + b"\n")
        return await self.hear()

    def end(self) -> None:
        """Let it go."""
        self._input.close()


@asynccontextmanager
async def start(*command: str) -> AsyncIterator[Program]:
    """Run a program while the block does."""
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=PIPE, stdout=PIPE, limit=LONGEST)
    program = Program(process)
    try:
        program.port = (await program.hear())["port"]
        yield program
    finally:
        program.end()
        await process.wait()


def allow_descriptors() -> None:
    """Let this process have as many sockets as it may."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def say(**answer: Any) -> None:
    """Answer the bench."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


async def obey(port: int, carry_out: Callable[[Order], Awaitable[dict[str, Any]]]) -> None:
    """Say where this program serves, and carry out orders until the input ends."""
    reader = asyncio.StreamReader(LONGEST)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    say(port=port)
    while line := await reader.readline():
        say(**await carry_out(json.loads(line)))
