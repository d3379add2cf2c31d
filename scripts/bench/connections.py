"""Memory and handshake CPU of an idle live connection with one subscription."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from time import process_time
from typing import Any

from scripts.bench._audience import seat
from scripts.bench._stage import PATH, raise_stage

CHANNEL = "numbers:1"
COLLECT = b"collect\n"
IDLE = 3.0  # seconds
WARM_UP = 200  # connections after which the allocator's first growth is over


def resident() -> int:
    """Return this process's resident bytes."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def serve() -> None:
    """Serve the hub; report memory and CPU for each line of input, COLLECT after a garbage collection."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    hub, server, port = raise_stage(50)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while line := await reader.readline():
        if line == COLLECT:
            gc.collect()
        found = {"resident": resident(), "cpu": process_time(), "subscriptions": hub.subscriptions}
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()
    server.stop()
    await hub.shutdown()


async def run(progress: Callable[[str], None], *, clients: int = 2000) -> dict[str, Any]:
    """Seat an audience before a server of its own process."""
    command = ["-m", "scripts.bench.connections"]
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdin=PIPE, stdout=PIPE)
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the server has no pipes")
    stdin, stdout = process.stdin, process.stdout
    port = int(await stdout.readline())

    async def look(line: bytes = b"\n") -> dict[str, Any]:
        stdin.write(line)
        found: dict[str, Any] = json.loads(await stdout.readline())
        return found

    progress(f"connections: {clients} idle clients")
    async with seat(port, PATH, WARM_UP, CHANNEL):
        before = await look(COLLECT)
        async with seat(port, PATH, clients, CHANNEL):
            connected = await look()
            after = await look(COLLECT)
            await asyncio.sleep(IDLE)
            later = await look()
        stdin.close()
        await process.wait()
    return {
        "clients": after["subscriptions"] - before["subscriptions"],
        "rss_kib_each": (after["resident"] - before["resident"]) / clients / 1024,
        "handshake_cpu_us": (connected["cpu"] - before["cpu"]) / clients * 1e6,
        "idle_cpu_percent": (later["cpu"] - after["cpu"]) / IDLE * 100,
    }


if __name__ == "__main__":
    asyncio.run(serve())
