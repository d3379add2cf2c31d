"""What must hold before any process serves: flags, settings, the port, the database."""

from __future__ import annotations

import argparse
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tornado.netutil import bind_sockets

from handlers.core.client import read_address
from handlers.core.mail import open_transport
from handlers.core.sentry import warn_of_sentry
from handlers.core.surroundings import warn_of_limits
from settings import SettingError, Settings
from storage.database import brief, is_outage
from storage.driver import OperationFailure, PyMongoError
from storage.session import UNREADABLE, open_stores
from storage.stores import Stores

Fill = Callable[[Stores], Awaitable[object]]


class CannotStart(Exception):
    """Something outside of the settings is in the way."""


class Misuse(Exception):
    """The command line asks for what must not be."""


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
        help="put demo data into an empty database, keep it moving, show its passwords and mails",
    )
    found = parser.parse_args(arguments)
    if not 1 <= found.processes <= 256:
        parser.error("--processes must be from 1 to 256")
    if not 0 <= found.port <= 65_535:
        parser.error("--port must be from 0 to 65535")
    return Flags(found.port, found.address, found.processes, found.demo)


def check(settings: Settings) -> None:
    """Look at what would otherwise be found wrong only later; raises SettingError."""
    settings.signing_key()
    try:
        open_transport(settings.email_url.get_secret_value())
    except ValueError as error:
        raise SettingError("EMAIL_URL", str(error)) from error
    warn_of_sentry(settings)


def listen(flags: Flags) -> list[socket.socket]:
    """Take the port; raises CannotStart, and Misuse where a demo would be open to others."""
    try:
        sockets = bind_sockets(flags.port, flags.address, backlog=1024)
    except OSError as error:
        where = f"{flags.address}:{flags.port}"
        raise CannotStart(f"cannot listen on {where}: {error.strerror}; try --port") from error
    if flags.demo and not all(is_local(each) for each in sockets):
        for each in sockets:
            each.close()
        raise Misuse(
            f"--demo shows passwords and mails to whoever can reach {flags.address or 'every address'}: "
            "start with --no-demo, or with --address 127.0.0.1"
        )
    return sockets


def is_local(listening: socket.socket) -> bool:
    """Tell whether only this machine can reach a socket."""
    address = read_address(listening.getsockname()[0])
    return address is not None and address.is_loopback


async def prepare(settings: Settings, uri: str, fill: Fill | None) -> None:
    """Reach the database and make it ready, once and before any process serves.

    Raises CannotStart, or SettingError where the address itself is wrong.
    """
    try:
        async with open_stores(settings, uri) as stores:
            await warn_of_limits(settings, stores)
            if fill is not None:
                await fill(stores)
    except (PyMongoError, ValueError) as error:
        if is_outage(error) or isinstance(error, OperationFailure):
            raise CannotStart(f"the database cannot be used: {brief(error)}") from error
        if settings.mongodb_uri is None:
            raise
        raise SettingError("MONGODB_URI", UNREADABLE) from error
