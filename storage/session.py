"""Opening what the settings name: the server and every script come to their database this way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from settings import SettingError, Settings
from storage import embedded
from storage.database import Database
from storage.driver import PyMongoError
from storage.outbox import Retention
from storage.stores import Stores

UNREADABLE = "is no connection string for the driver (are user and password percent-encoded?)"

log = logging.getLogger(__name__)


@contextmanager
def database_uri(settings: Settings) -> Iterator[tuple[str, embedded.Lease | None]]:
    """Yield the URI of the database; where none is set, join or start the own mongod over DATA_DIR.

    The own one's lease comes with it: whoever stays long has to mend it now and then. Raises SettingError,
    EmbeddedError.
    """
    if settings.mongodb_uri is not None:
        yield settings.mongodb_uri.get_secret_value(), None
        return
    try:
        own = embedded.join(settings.data_dir, settings.mongod)
    except embedded.WrongProgram as error:
        raise SettingError("MONGOD", str(error).removeprefix("MONGOD ")) from error
    with own as lease:
        yield lease.uri, lease


async def mend(lease: embedded.Lease) -> None:
    """Bring the own mongod back whenever it and its supervisor are gone, until cancelled."""
    while True:
        await asyncio.sleep(1)
        try:
            if await asyncio.to_thread(lease.mend):
                log.warning("the own MongoDB had to be started again")
        except embedded.EmbeddedError as error:
            log.error("%s", error)


def connect(settings: Settings, uri: str) -> Database:
    """Connect to the database; raises SettingError where the driver can't read the set address."""
    try:
        return Database.connect(uri, settings.mongodb_database, settings.mongodb_driver)
    except (PyMongoError, ValueError):
        if settings.mongodb_uri is None:
            raise
        # The driver's own words may repeat a password.
        raise SettingError("MONGODB_URI", UNREADABLE) from None


@asynccontextmanager
async def open_stores(settings: Settings, uri: str) -> AsyncIterator[Stores]:
    """Open the stores, prepared for use; raises SettingError."""
    database = connect(settings, uri)
    try:
        stores = Stores.over(database, Retention(settings.history_size, settings.history_ttl))
        await stores.prepare()
        yield stores
    finally:
        await database.close()
