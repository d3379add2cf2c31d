"""A plain HTTP client that listens to server-sent events as they come."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import quote, urlsplit

from tornado.httputil import HTTPHeaders

PATH = "/connection/uni_sse"


class Stream:
    """An answer that goes on."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.reader = reader
        self.status = 0
        self.headers = HTTPHeaders()
        self._rest = b""

    async def begin(self) -> None:
        """Read the head."""
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 10)).decode("latin-1")
        start, _, lines = head.partition("\r\n")
        self.status, self.headers = int(start.split(" ")[1]), HTTPHeaders.parse(lines)

    async def chunk(self) -> bytes:
        """Read what was written in one go; nothing is the end."""
        if "Content-Length" in self.headers:
            return await self.reader.readexactly(int(self.headers.pop("Content-Length")))
        try:
            size = int((await self.reader.readuntil(b"\r\n")).strip() or b"0", 16)
            return (await self.reader.readexactly(size + 2))[:-2]
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""

    async def hear(self) -> Any:
        """Return the next event's data; None at the end."""
        async with asyncio.timeout(10):
            while b"\n\n" not in self._rest:
                found = await self.chunk()
                if not found:
                    return None
                self._rest += found
        event, _, self._rest = self._rest.partition(b"\n\n")
        assert event.startswith(b"data: ")
        return json.loads(event.removeprefix(b"data: "))

    async def rest(self) -> list[Any]:
        """Return all events up to the end."""
        found = []
        while (event := await self.hear()) is not None:
            found.append(event)
        return found


def query(request: Mapping[str, Any]) -> str:
    """Return the path for a connect request."""
    return f"{PATH}?cf_connect={quote(json.dumps(request))}"


@asynccontextmanager
async def listening(
    url: str, request: Mapping[str, Any] | str, *, method: str = "GET", **headers: str
) -> AsyncIterator[Stream]:
    """Ask for a stream; a text is sent as it is."""
    parts = urlsplit(url)
    path = PATH if method == "POST" or isinstance(request, str) else query(request)
    if isinstance(request, str) and method == "GET":
        path += request
    body = json.dumps(request).encode() if method == "POST" else b""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 14)
    try:
        writer.write("\r\n".join((*lines, "", "")).encode() + body)
        stream = Stream(reader)
        await stream.begin()
        yield stream
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
