"""What every script does alike: settings, stores, one JSON document on stdout, exit codes."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import orjson

import settings as configuration
from settings import SettingError, Settings
from storage import embedded
from storage.database import brief
from storage.driver import PyMongoError
from storage.errors import StorageError
from storage.outbox import Retention
from storage.session import connect, database_uri, open_stores
from storage.stores import Stores

FAILED, MISUSED = 1, 2


class Failure(Exception):
    """The script can't do what it was asked for; the text says why, `answer` is what it found."""

    def __init__(self, reason: str, answer: Any = None) -> None:
        super().__init__(reason)
        self.answer = answer


def make_parser(name: str, summary: str, example: str) -> argparse.ArgumentParser:
    """Make the parser of a script, with an example in its help."""
    return argparse.ArgumentParser(
        prog=f"python -m scripts.{name}",
        description=summary,
        epilog=f"example:\n  python -m scripts.{name} {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


async def find_number(stores: Stores, email: str) -> int:
    """Return the id of the account that has an address, be it active or not; raises Failure."""
    owner = await stores.addresses.owner(email.strip())
    if owner is None:
        raise Failure(f"there is no account with the address {email.strip()}")
    number: int = (await stores.accounts.document(owner))["id"]
    return number


Work = Callable[[Settings, Stores], Awaitable[Any]]


@asynccontextmanager
async def view_stores(settings: Settings, uri: str) -> AsyncIterator[Stores]:
    """Open the stores over what is there; nothing is made, not even a missing index."""
    database = connect(settings, uri)
    try:
        yield Stores.over(database, Retention(settings.history_size, settings.history_ttl))
    finally:
        await database.close()


def run(work: Work, *, prepare: bool = True) -> NoReturn:
    """Run a script's work and end the process: its answer as JSON on stdout, 0; or one line on stderr, 1.

    A setting that turns out to be wrong is wrong usage: 2.
    """
    settings = configuration.load()

    async def session(uri: str) -> Any:
        async with (open_stores if prepare else view_stores)(settings, uri) as stores:
            return await work(settings, stores)

    try:
        with database_uri(settings) as (uri, _):
            answer = asyncio.run(session(uri))
    except SettingError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(MISUSED) from None
    except (Failure, StorageError, PyMongoError, embedded.EmbeddedError) as error:
        sys.stderr.write(f"{describe(error)}\n")
        if isinstance(error, Failure) and error.answer is not None:
            print_json(error.answer)
        raise SystemExit(FAILED) from None
    print_json(answer)
    raise SystemExit(0)


def describe(error: Exception) -> str:
    """Say what went wrong in one line."""
    if isinstance(error, Failure | embedded.EmbeddedError):
        return str(error)
    return f"{type(error).__name__}: {brief(error)}"


def print_json(answer: Any) -> None:
    """Write the one JSON document of a script."""
    sys.stdout.write(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode() + "\n")
