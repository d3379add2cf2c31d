"""The server: settings → database → stores → hub → application; signals; nothing else."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import resource
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

import settings as configuration
from handlers.core.access_log import AccessLog
from handlers.core.application import Folkmoot
from handlers.core.client import Addressing
from handlers.core.dialect import discover
from handlers.core.gate import Gate
from handlers.core.live import Committed, Live
from handlers.core.mail import KIND, deliver_by, open_transport
from handlers.core.metrics import Metrics
from handlers.core.processes import run_processes
from handlers.core.services import Services
from handlers.core.sms import open_sms
from handlers.core.tokens import Signer
from handlers.core.worker import Worker
from realtime.feed import Feed
from realtime.hub import Hub
from realtime.limits import Limits
from settings import VERSION, Settings
from storage.changes import Changes
from storage.database import LONGEST_ORPHAN
from storage.embedded import EmbeddedError, Lease
from storage.session import database_uri, open_stores
from storage.stores import Stores

START = 10.0  # seconds that the change stream has to open
FINISH = 4.0  # seconds that requests have to finish after a signal
HEADROOM = 200  # file descriptors besides the hub's sockets

log = logging.getLogger("folkmoot")


@dataclass(frozen=True)
class Flags:
    """The command line."""

    port: int
    address: str
    processes: int
    demo: bool


def read_flags(arguments: Sequence[str] | None = None) -> Flags:
    """Read the command line; wrong usage ends with exit code 2."""
    parser = argparse.ArgumentParser(prog="server.py", description="Run the Folkmoot server.")
    parser.add_argument("--port", type=int, default=8888, help="port to listen on (8888)")
    parser.add_argument("--address", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--processes", type=int, default=1, help="server processes (1)")
    parser.add_argument(
        "--demo",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="put demo data into an empty database and keep it moving",
    )
    found = parser.parse_args(arguments)
    if not 1 <= found.processes <= 256:
        parser.error("--processes must be from 1 to 256")
    if not 0 <= found.port <= 65_535:
        parser.error("--port must be from 0 to 65535")
    return Flags(found.port, found.address, found.processes, found.demo)


@dataclass(frozen=True)
class Parts:
    """What one server process is made of."""

    application: Folkmoot
    changes: Changes
    feed: Feed
    lives: Sequence[Live]


def build(settings: Settings, stores: Stores, address: str) -> Parts:
    """Put services, dialects, hub and application together."""
    services = Services(
        settings,
        stores,
        Addressing(settings, address),
        Signer(settings.signing_key()),
        open_sms(settings.sms_url.get_secret_value()),
    )
    dialects = discover()
    lives = [dialect.live(services) for dialect in dialects if dialect.live is not None]
    limits = Limits(
        conflation_ms=settings.conflation_ms,
        send_buffer_bytes=settings.send_buffer_bytes,
        max_connections=settings.max_connections,
    )
    hub = Hub([space for live in lives for space in live.namespaces], limits, version=VERSION)
    changes = Changes(stores.database)
    feed = Feed(hub, Committed(changes, [reaction for live in lives for reaction in live.reactions]))
    gate = Gate(stores.accounts, services.signer, lives)
    application = Folkmoot(
        services, gate=gate, hub=hub, dialects=dialects, metrics=Metrics(), access_log=AccessLog(sys.stderr)
    )
    watch(application, feed, changes)
    return Parts(application, changes, feed, lives)


def watch(application: Folkmoot, feed: Feed, changes: Changes) -> None:
    """Show on /metrics what lives in this process."""
    hub, database, metrics = application.hub, application.services.stores.database, application.metrics
    metrics.gauge("sockets", "Open live connections", lambda: len(hub.connections))
    metrics.gauge("subscriptions", "Subscriptions of live connections", lambda: hub.subscriptions)
    metrics.gauge("publications", "States published to subscribers", lambda: hub.publications)
    metrics.gauge("deliveries", "Receivers of all publications", lambda: hub.deliveries)
    metrics.gauge("slow_disconnects", "Connections closed for not reading", lambda: hub.slow_disconnects)
    metrics.gauge("feed_lag_seconds", "Seconds without word from the change stream", lambda: changes.lag)
    metrics.gauge("feed_resyncs", "Times the change stream began anew", lambda: feed.resyncs)
    metrics.gauge("transaction_restarts", "Transactions run again", lambda: database.restarts)


@asynccontextmanager
async def background(parts: Parts) -> AsyncIterator[None]:
    """Run what goes on beside the requests: feed, jobs, the dialects' tasks; enter when the feed listens."""
    services = parts.application.services
    transport = open_transport(services.settings.email_url.get_secret_value())
    worker = Worker(services.stores.jobs, {KIND: deliver_by(transport)}, services.settings.job_workers)
    parts.application.hub.start()
    worker.start()
    tasks = [asyncio.create_task(parts.feed.run())]
    tasks += [asyncio.create_task(task()) for live in parts.lives for task in live.tasks]
    for task in tasks:
        task.add_done_callback(report_end)
    try:
        await asyncio.wait_for(parts.changes.ready.wait(), START)
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await worker.stop()


def report_end(task: asyncio.Task[None]) -> None:
    """Say loudly when something that should go on for ever has ended."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("a background task ended", exc_info=error)
        signal.raise_signal(signal.SIGTERM)


async def serve(
    settings: Settings, uri: str, lease: Lease | None, sockets: list[socket.socket], flags: Flags
) -> None:
    """Serve until a signal says stop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(open_stores(settings, uri))
        await warn_of_limits(settings, stores)
        if lease is not None:
            await stack.enter_async_context(mending(lease))
        parts = build(settings, stores, flags.address)
        await stack.enter_async_context(background(parts))
        server = HTTPServer(parts.application, max_body_size=1 << 40, idle_connection_timeout=120)
        server.add_sockets(sockets)
        announce(sockets)
        if flags.demo:
            await stack.enter_async_context(demonstration(stores))
        await stop.wait()
        await finish(server, parts.application)


async def finish(server: HTTPServer, application: Folkmoot) -> None:
    """Stop accepting, let requests finish, say good-bye to live clients."""
    server.stop()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(FINISH):
            await application.idle.wait()
    await application.hub.shutdown()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):
            await server.close_all_connections()


@asynccontextmanager
async def demonstration(stores: Stores) -> AsyncIterator[None]:
    """Fill an empty database with demo data and keep the poll moving."""
    from scripts.demo_data import animate, populate

    await populate(stores, "small")
    task = asyncio.create_task(animate(stores))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def mending(lease: Lease) -> AsyncIterator[None]:
    """Bring the own mongod back whenever it and its supervisor are gone."""

    async def mend() -> None:
        while True:
            await asyncio.sleep(1)
            try:
                if await asyncio.to_thread(lease.mend):
                    log.warning("the own MongoDB had to be started again")
            except EmbeddedError as error:
                log.error("%s", error)

    task = asyncio.create_task(mend())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def warn_of_limits(settings: Settings, stores: Stores) -> None:
    """Say what of the surroundings does not fit the settings."""
    longest = await stores.database.longest_transaction()
    if longest is not None and longest > LONGEST_ORPHAN:
        log.warning(
            "transactionLifetimeLimitSeconds is %d: a killed process may block a poll so long; set it to %d",
            longest,
            LONGEST_ORPHAN,
        )
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.max_connections + HEADROOM
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    if hard < wanted:
        log.warning(
            "%d open files are allowed, MAX_CONNECTIONS=%d needs more", hard, settings.max_connections
        )


def announce(sockets: list[socket.socket]) -> None:
    """Say where the server answers."""
    host, port = sockets[0].getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    print(f"listening on {address}", flush=True)
    print(f"live page:   {address}/", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until a signal says stop; return the exit code."""
    flags = read_flags(arguments)
    settings = configuration.load()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        sockets = bind_sockets(flags.port, flags.address, backlog=1024)
    except OSError as error:
        sys.stderr.write(f"cannot listen on {flags.address}:{flags.port}: {error.strerror}; try --port\n")
        return 1
    try:
        with database_uri(settings) as (uri, lease):
            return run_processes(flags.processes, lambda: run_loop(settings, uri, lease, sockets, flags))
    except EmbeddedError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def run_loop(
    settings: Settings, uri: str, lease: Lease | None, sockets: list[socket.socket], flags: Flags
) -> None:
    """Run one process's event loop, on uvloop where it is installed."""
    factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    with contextlib.suppress(ImportError):
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(serve(settings, uri, lease, sockets, flags))


if __name__ == "__main__":
    raise SystemExit(main())
