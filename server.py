"""The server: settings → database → stores → hub → application; signals; nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TextIO

from tornado.httpserver import HTTPServer

import settings as configuration
from handlers.core.access_log import AccessLog
from handlers.core.application import Folkmoot
from handlers.core.banner import describe, write_banner
from handlers.core.client import Addressing, url_of
from handlers.core.demo import Demo, choose_sms, choose_transport, lead_here
from handlers.core.dialect import discover
from handlers.core.gate import Gate
from handlers.core.layer import LayerSeat
from handlers.core.live import Committed, Live, keep_house
from handlers.core.metrics import Metrics
from handlers.core.processes import STOPPING, Place, run_loop, run_processes
from handlers.core.runners import gather_runners
from handlers.core.sentry import report_errors
from handlers.core.services import Services, open_tries
from handlers.core.start import CannotStart, Flags, Misuse, check, listen, prepare, read_flags
from handlers.core.stopping import leave_within
from handlers.core.tokens import Signer
from handlers.core.worker import Worker
from realtime.feed import Feed
from realtime.hub import Hub
from realtime.limits import Limits
from scripts.demo.doors import open_demo
from scripts.demo_data import animate, move_in
from settings import VERSION, SettingError, Settings
from storage.changes import Changes
from storage.embedded import EmbeddedError, Lease
from storage.passwords import Passwords
from storage.session import database_uri, mend, open_stores
from storage.stores import Stores

START = 10.0  # seconds that the change stream has to open
FINISH = 4.0  # seconds that requests have to finish after a signal
CLEAN_UP = 1.5  # seconds that what goes on beside the requests has to end
UPLOAD = 300.0  # seconds that a request's body may take

log = logging.getLogger("folkmoot")


@dataclass(frozen=True)
class Start:
    """What all processes begin with."""

    settings: Settings
    flags: Flags
    sockets: list[socket.socket]


@dataclass(frozen=True)
class Parts:
    """What one server process is made of."""

    application: Folkmoot
    changes: Changes
    feed: Feed
    lives: Sequence[Live]


def build(
    settings: Settings, stores: Stores, address: str, port: int, log: TextIO, *, demo: Demo | None = None
) -> Parts:
    """Put services, dialects, hub and application together."""
    if demo is not None:
        settings = lead_here(settings, url_of(address, port))
    passwords = Passwords(settings.bcrypt_rounds, os.cpu_count() or 1)
    services = Services(
        settings,
        stores,
        Addressing(settings, address, port),
        Signer(settings.signing_key()),
        LayerSeat(settings, stores),
        choose_sms(settings, demo),
        passwords,
        open_tries(settings, stores, passwords),
        demo=demo,
    )
    dialects = discover()
    lives = [dialect.live(services) for dialect in dialects if dialect.live is not None]
    limits = Limits(
        conflation_ms=settings.conflation_ms,
        send_buffer_bytes=settings.send_buffer_bytes,
        max_connections=settings.max_connections,
    )
    hub = Hub([space for live in lives for space in live.namespaces], limits, version=VERSION)
    lives.append(keep_house(hub, stores))
    changes = Changes(stores.database)
    feed = Feed(hub, Committed(changes, [reaction for live in lives for reaction in live.reactions]))
    gate = Gate(stores.accounts, stores.revocations, services.signer, lives)
    application = Folkmoot(
        services, gate=gate, hub=hub, dialects=dialects, metrics=Metrics(), access_log=AccessLog(log)
    )
    application.metrics.watch(hub, feed, changes, stores.database)
    application.metrics.watch_passwords(passwords)
    return Parts(application, changes, feed, lives)


@asynccontextmanager
async def background(parts: Parts) -> AsyncIterator[Worker]:
    """Run what goes on beside the requests: feed, jobs, the dialects' tasks; enter when the feed listens."""
    services = parts.application.services
    transport = choose_transport(services.settings, services.demo)
    runners = gather_runners(services.settings, services.stores, transport)
    worker = Worker(services.stores.jobs, runners, services.settings.job_workers)
    parts.application.hub.start()
    worker.start()
    tasks = [asyncio.create_task(parts.feed.run())]
    tasks += [asyncio.create_task(task()) for live in parts.lives for task in live.tasks]
    for task in tasks:
        task.add_done_callback(report_end)
    try:
        await asyncio.wait_for(parts.changes.ready.wait(), START)
        yield worker
    finally:
        for task in tasks:
            task.cancel()
        ended, _ = await asyncio.wait(tasks, timeout=CLEAN_UP)
        await worker.stop()
        services.passwords.close()
    for each in ended:
        if not each.cancelled() and (error := each.exception()) is not None:
            raise error


def report_end(task: asyncio.Task[None]) -> None:
    """Say loudly when something that should go on for ever has ended."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("a background task ended", exc_info=error)
        signal.raise_signal(signal.SIGTERM)


async def serve(start: Start, uri: str, lease: Lease | None, place: Place) -> None:
    """Serve until a signal says stop, or the parent is gone."""
    stop = asyncio.Event()
    call_to_stop(stop, place)
    async with AsyncExitStack() as stack:
        stack.enter_context(report_errors(start.settings))
        stores = await stack.enter_async_context(open_stores(start.settings, uri))
        if lease is not None:
            await stack.enter_async_context(beside(mend(lease)))
        port = start.sockets[0].getsockname()[1]
        demo = open_demo(stores) if start.flags.demo else None
        parts = build(start.settings, stores, start.flags.address, port, sys.stderr, demo=demo)
        worker = await stack.enter_async_context(background(parts))
        server = HTTPServer(
            parts.application, max_body_size=1 << 40, idle_connection_timeout=120, body_timeout=UPLOAD
        )
        server.add_sockets(start.sockets)
        if place.number == 0:
            if not place.again:
                await announce(start, parts.application.services)
            if start.flags.demo:
                await stack.enter_async_context(beside(animate(stores)))
        await stop.wait()
        leave_within()
        await asyncio.gather(worker.stop(), finish(server, parts.application))


def call_to_stop(stop: asyncio.Event, place: Place) -> None:
    """Set the event on SIGTERM, on SIGINT and at the parent's death."""
    loop = asyncio.get_running_loop()
    for number in STOPPING:
        loop.add_signal_handler(number, stop.set)

    def abandoned(lifeline: int) -> None:
        loop.remove_reader(lifeline)
        stop.set()

    if place.lifeline is not None:
        loop.add_reader(place.lifeline, abandoned, place.lifeline)


async def finish(server: HTTPServer, application: Folkmoot) -> None:
    """Stop accepting, let requests finish, say good-bye to live clients."""
    server.stop()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(FINISH):
            await application.finish_requests()
    await application.hub.shutdown()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):
            await server.close_all_connections()


@asynccontextmanager
async def beside(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run something as long as the context lasts."""
    task = asyncio.create_task(work)
    task.add_done_callback(report_end)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def announce(start: Start, services: Services) -> None:
    """Say where the server answers, and what there is to see."""
    url = url_of(*start.sockets[0].getsockname()[:2])
    people = None if services.demo is None else await services.demo.people(services)
    write_banner(sys.stdout, url, describe(url, start.settings, people))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until a signal says stop; return the exit code: 1 for what is in the way, 2 for what is wrong."""
    flags = read_flags(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = configuration.read()
        check(settings)
        return run(Start(settings, flags, listen(flags)))
    except (SettingError, Misuse, CannotStart, EmbeddedError) as error:
        sys.stderr.write(f"{error}\n")
        return 2 if isinstance(error, SettingError | Misuse) else 1


def run(start: Start) -> int:
    """Run the processes; return the exit code."""
    with database_uri(start.settings) as (uri, lease):
        asyncio.run(prepare(start.settings, uri, move_in(start.settings) if start.flags.demo else None))
        return run_processes(start.flags.processes, lambda place: run_loop(serve(start, uri, lease, place)))


if __name__ == "__main__":
    raise SystemExit(main())
