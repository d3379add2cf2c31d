"""A bare connection to a server, for requests that no client library would send."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tornado.httputil import HTTPHeaders

from tests.serving import Answer


class Wire:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._writer.write(data)
        await self._writer.drain()

    async def ask(self, *lines: str, body: bytes = b"") -> Answer:
        """Send a request line by line, and read the answer."""
        await self.send("\r\n".join((*lines, "", "")).encode("latin-1") + body)
        return await self.answer()

    async def answer(self) -> Answer:
        """Read one answer; one without a length ends with its head."""
        async with asyncio.timeout(10):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            start, _, rest = head.partition("\r\n")
            headers = HTTPHeaders.parse(rest)
            body = await self._reader.readexactly(int(headers.get("Content-Length", "0")))
        return Answer(int(start.split(" ")[1]), headers, body)

    async def ended(self) -> bool:
        """Wait for the server to close; tell whether it sent nothing more before."""
        async with asyncio.timeout(10):
            try:
                return not await self._reader.read()
            except ConnectionError:
                return True


@asynccontextmanager
async def open_wire(url: str) -> AsyncIterator[Wire]:
    """Connect to a server."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()
