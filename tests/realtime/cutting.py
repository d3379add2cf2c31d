"""A line between clients and a server that can be cut, as a tunnel or a pulled plug does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class Line:
    """Carries bytes to a server and back; `url` is where clients connect, `carried` counts connections."""

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self._open: set[asyncio.StreamWriter] = set()
        self._up = asyncio.Event()
        self._up.set()
        self.url = ""
        self.carried = 0

    def cut(self) -> None:
        """Cut every connection, without a good-bye, and let none through until it is mended."""
        self._up.clear()
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        """Let connections through again, those that are waiting too."""
        self._up.set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until one side ends it."""
        self._open.add(writer)
        try:
            await self._up.wait()
            self.carried += 1
            there, back = await asyncio.open_connection(self._target.hostname, self._target.port)
            self._open.add(back)
            await asyncio.gather(pour(reader, back), pour(there, writer))
            self._open.discard(back)
        finally:
            self._open.discard(writer)
            writer.close()


async def pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Copy until the source ends; then the sink ends too."""
    with suppress(ConnectionError):
        while data := await source.read(1 << 16):
            sink.write(data)
            await sink.drain()
    sink.close()


@asynccontextmanager
async def line_to(url: str) -> AsyncIterator[Line]:
    """Lay a line to a server."""
    line = Line(url)
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    line.url = f"http://127.0.0.1:{port}"
    try:
        yield line
    finally:
        server.close()
        line.cut()
        line.mend()
        await server.wait_closed()
