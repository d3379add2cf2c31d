"""Puts the hub's WebSocket through Autobahn's cases, by way of `kosoku`, and says which ones failed."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketHandler

from realtime.channels import Identity
from realtime.connection import Credentials
from realtime.frames import Message
from realtime.hub import Hub
from realtime.limits import Limits
from realtime.socket import LineProtocol, SocketHandler
from scripts.session import make_parser, print_json

if TYPE_CHECKING:
    from kosoku._kosoku import CaseResult

COMPRESSION = ("12.*", "13.*")
LARGEST = 16 << 20  # bytes of Autobahn's largest message
PATIENCE = 3600  # seconds in which the hub has no reason of its own to end a line
LIMITS = Limits(
    max_message_bytes=LARGEST, send_buffer_bytes=2 * LARGEST, connect_seconds=PATIENCE, ping_seconds=PATIENCE
)
SIDE_BY_SIDE = 2  # cases; some do little but wait


class EchoHandler(SocketHandler):
    """Says back what it hears over the hub's own handshake, protocol and line; only the dialogue is gone."""

    def open(self) -> None:
        """Join the hub, but take the line for the echo."""
        super().open()
        assert isinstance(self.ws_connection, LineProtocol)
        assert self.ws_connection.line is not None
        self._line = self.ws_connection.line
        self._moved = asyncio.Event()
        self._line.call_when_drained(self._moved.set)

    async def on_message(self, message: str | bytes) -> None:
        """Send it back; binary messages are nothing that a line takes, since the hub has none."""
        if isinstance(message, bytes):
            await self.write_message(message, binary=True)
            return
        echo = Message(message.encode())
        while self.ws_connection is not None and not self._line.send(echo):
            self._moved.clear()
            await self._moved.wait()

    def on_close(self) -> None:
        """Leave the hub, and wait for nothing more."""
        super().on_close()
        self._moved.set()


class StockHandler(WebSocketHandler):
    """The same echo on Tornado as it comes, for comparison."""

    def initialize(self, compress: bool, **_: Any) -> None:
        """Take the only option that it shares."""
        self._compress = compress

    def get_compression_options(self) -> dict[str, Any] | None:
        """Offer compression where it is wanted."""
        return {} if self._compress else None

    async def on_message(self, message: str | bytes) -> None:
        """Send it back."""
        await self.write_message(message, binary=isinstance(message, bytes))


async def admit(_: Credentials) -> Identity:
    """Let everyone in as nobody."""
    return Identity()


@asynccontextmanager
async def echo_server(handler: type[WebSocketHandler], *, compress: bool = False) -> AsyncIterator[str]:
    """Serve an echo on a free port; yield its URL."""
    hub = Hub([], LIMITS, version="conformance")
    given = {"hub": hub, "authenticate": admit, "allows_origin": lambda _: False, "compress": compress}
    routes = [("/", handler, given)]
    application = Application(routes, log_function=lambda _: None, websocket_max_message_size=LARGEST)
    server = HTTPServer(application)
    sockets = bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    hub.start()
    try:
        yield f"ws://127.0.0.1:{sockets[0].getsockname()[1]}"
    finally:
        server.stop()
        await hub.shutdown()


async def run_cases(
    url: str, cases: Sequence[str] | None = None, exclude: Sequence[str] = ()
) -> Sequence[CaseResult]:
    """Run cases (all unless some are named) against a server, and return what became of each."""
    # Rust inside, for tests only: nobody else needs to have it installed.
    from kosoku import FailureError, run_fuzzingclient

    try:
        return await run_fuzzingclient(url, cases, list(exclude), concurrency=SIDE_BY_SIDE)
    except FailureError as failure:
        return failure.results


def summarise(results: Sequence[CaseResult], seconds: float) -> dict[str, Any]:
    """Count the verdicts, and describe each failure."""
    return {
        "cases": len(results),
        "verdicts": dict(Counter(each.behavior.value for each in results)),
        "failed": {
            each.case_id: f"{each.behavior.value}, close {each.behavior_close.value}: {each.result_close}"
            for each in results
            if not each.passed
        },
        "seconds": round(seconds, 1),
    }


async def check(handler: type[WebSocketHandler], cases: Sequence[str], *, compress: bool) -> dict[str, Any]:
    """Run cases against an echo of this process."""
    began = perf_counter()
    async with echo_server(handler, compress=compress) as url:
        results = await run_cases(url, cases or None, () if compress else COMPRESSION)
    return summarise(results, perf_counter() - began)


def main() -> None:
    """Read the command line, run, and answer; exit 1 where a case failed."""
    parser = make_parser("conformance", __doc__ or "", "'7.*' 9.7.1\n  python -m scripts.conformance --all")
    parser.add_argument("case", nargs="*", help="a case or a pattern; without one all that apply")
    parser.add_argument(
        "--all", action="store_true", help="negotiate compression and run its cases, too; takes minutes"
    )
    parser.add_argument("--stock", action="store_true", help="judge Tornado as it comes instead")
    flags = parser.parse_args()
    handler = StockHandler if flags.stock else EchoHandler
    try:
        found = asyncio.run(check(handler, flags.case, compress=flags.all))
    except ImportError as missing:
        sys.stderr.write(f"{missing}: pip install -r requirements-dev.txt\n")
        raise SystemExit(1) from None
    print_json(found)
    sys.stdout.flush()
    # At once: kosoku's own threads may still call into an interpreter that shuts down, which aborts it.
    os._exit(1 if found["failed"] else 0)


if __name__ == "__main__":
    main()
