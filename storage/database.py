"""The database's life: connecting, indexes, transactions that end, closing."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from storage.driver import (
    LOCAL,
    UNJOURNALED,
    BulkWriteError,
    Client,
    Collection,
    ConnectionFailure,
    Document,
    DriverName,
    DuplicateKeyError,
    IndexModel,
    OperationFailure,
    PyMongoError,
    Session,
    close_client,
    open_client,
    open_database,
    open_session,
    settled,
)
from storage.errors import Busy

T = TypeVar("T")
DUPLICATE_KEY = 11000
# The server steps down, shuts down or is not the primary (any more).
NOT_PRIMARY = frozenset({91, 189, 10058, 10107, 11600, 11602, 13435, 13436})
TIDY = 1.0  # seconds to say good-bye to a server that may not answer any more
LONGEST_ORPHAN = 5  # seconds that a killed process's transaction may hold up others before a warning is due

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Index:
    """One index, declared beside the store that needs it; keys as in MongoDB (1, -1)."""

    collection: str
    keys: tuple[tuple[str, int], ...]
    unique: bool = False
    partial: Mapping[str, Any] = field(default_factory=dict)
    expire_after: int | None = None

    def model(self) -> IndexModel:
        """Return the driver's form."""
        options: Document = {"unique": True} if self.unique else {}
        if self.partial:
            options["partialFilterExpression"] = dict(self.partial)
        if self.expire_after is not None:
            options["expireAfterSeconds"] = self.expire_after
        return IndexModel(list(self.keys), **options)


def index(collection: str, *keys: str, **options: Any) -> Index:
    """Declare an index by field names; a leading minus means descending."""
    pairs = tuple((key.removeprefix("-"), -1 if key.startswith("-") else 1) for key in keys)
    return Index(collection, pairs, **options)


class Database:
    """One client and one database on it; made inside the event loop that uses it."""

    def __init__(self, client: Client, name: str, *, patience: float = 2.0) -> None:
        self.client = client
        self.handle = open_database(client, name)
        self.name = name
        self.patience = patience
        self.restarts = 0

    @classmethod
    def connect(cls, uri: str, name: str, driver: DriverName = "pymongo") -> Database:
        """Make a client for the URI; nothing is sent before the first call."""
        return cls(open_client(uri, driver), name)

    def __getitem__(self, collection: str) -> Collection:
        """Return a collection with durable writes and committed reads."""
        return self.handle[collection]

    def light(self, collection: str) -> Collection:
        """Return a collection whose writes need not outlive a crash: counters of rate limits, leases."""
        return self.handle.get_collection(collection, write_concern=UNJOURNALED, read_concern=LOCAL)

    async def close(self) -> None:
        """Close every connection."""
        with suppress(TimeoutError):
            async with asyncio.timeout(TIDY):
                await close_client(self.client)

    async def ping(self, patience: float = 1.0) -> bool:
        """Tell whether the database answers within `patience` seconds."""
        try:
            async with asyncio.timeout(patience):
                await self.handle.command("ping")
        except (TimeoutError, PyMongoError):
            return False
        return True

    async def ensure_indexes(self, indexes: Iterable[Index]) -> None:
        """Make the declared indexes that are missing; existing ones cost one look each."""
        wanted: dict[str, list[IndexModel]] = {}
        for each in indexes:
            wanted.setdefault(each.collection, []).append(each.model())
        # One call first: PyMongo 4.20 can hang when many that wait for a server are cancelled together.
        await self.handle.command("ping")
        await asyncio.gather(*(self[name].create_indexes(models) for name, models in wanted.items()))

    async def transaction(self, work: Callable[[Session], Awaitable[T]]) -> T:
        """Run `work` in one transaction, again while others are in its way, `patience` seconds at most.

        Raises Busy when the time is over: an orphaned transaction of a killed process would
        otherwise make every caller wait until the server reaps it.
        """
        deadline = time.monotonic() + self.patience
        while True:
            try:
                return await self._attempt(work)
            except PyMongoError as error:
                if not restartable(error):
                    raise
                if time.monotonic() > deadline:
                    raise Busy from error
            self.restarts += 1
            # A short random pause: none burns CPU, a longer one only adds latency.
            await asyncio.sleep(random.random() * 0.004)  # noqa: S311

    async def _attempt(self, work: Callable[[Session], Awaitable[T]]) -> T:
        async with open_session(self.client) as session:
            await settled(session.start_transaction())
            try:
                result = await work(session)
                await commit(session)
            except BaseException:
                if session.in_transaction:
                    # Its failure must not take the place of what was raised, a cancellation above all.
                    with suppress(PyMongoError, TimeoutError):
                        async with asyncio.timeout(TIDY):
                            await session.abort_transaction()
                raise
            return result

    async def aggregate(
        self, collection: str, pipeline: Sequence[Mapping[str, Any]], session: Session | None = None
    ) -> AsyncIterable[Document]:
        """Run an aggregation; both drivers answer with something to iterate over."""
        return await settled(self[collection].aggregate(list(pipeline), session=session))

    async def longest_transaction(self) -> int | None:
        """Return the server's transactionLifetimeLimitSeconds, or None where it may not be read."""
        try:
            answer = await self.client.admin.command(
                {"getParameter": 1, "transactionLifetimeLimitSeconds": 1}
            )
        except PyMongoError:
            return None
        return int(answer["transactionLifetimeLimitSeconds"])


async def commit(session: Session, tries: int = 5) -> None:
    """Commit; ask again while the answer got lost on the way, since a commit may be repeated safely."""
    for left in reversed(range(tries)):
        try:
            await session.commit_transaction()
            return
        except PyMongoError as error:
            if not left or not error.has_error_label("UnknownTransactionCommitResult"):
                raise


def restartable(error: PyMongoError) -> bool:
    """Tell whether running the whole transaction again can help.

    A lost race for a unique key carries no label of the server's; the stores that want it restarted
    raise Restart instead of letting DuplicateKeyError through.
    """
    return error.has_error_label("TransientTransactionError") or isinstance(error, Restart)


class Restart(PyMongoError):
    """A store asks for its transaction to be run again: it lost a race that the next try will see."""


def is_duplicate(error: PyMongoError) -> bool:
    """Tell whether a write failed on a unique index, alone or inside a bulk."""
    if isinstance(error, BulkWriteError):
        return any(each.get("code") == DUPLICATE_KEY for each in error.details.get("writeErrors", ()))
    return isinstance(error, DuplicateKeyError)


def is_outage(error: BaseException) -> bool:
    """Tell whether the database could not be reached (a restart or an election may be going on)."""
    if isinstance(error, OperationFailure) and error.code in NOT_PRIMARY:
        return True
    return isinstance(error, ConnectionFailure) or (
        isinstance(error, PyMongoError) and error.has_error_label("RetryableWriteError")
    )


def brief(error: Exception) -> str:
    """Put a driver's error into one line, without its description of every server."""
    return str(error).partition(", Timeout:")[0].partition(" (configured timeouts")[0].replace("\n", " ")
