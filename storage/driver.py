"""The one module that knows MongoDB drivers: PyMongo's async API, or Motor, behind one face.

The stores are typed against PyMongo; Motor answers the same calls with awaitables or plain values,
and `settled` evens out the few that differ.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal, TypeVar, cast

from bson import ObjectId
from bson.codec_options import CodecOptions
from bson.errors import BSONError
from bson.timestamp import Timestamp
from pymongo import ASCENDING, DESCENDING, DeleteOne, IndexModel, ReturnDocument, UpdateMany, UpdateOne
from pymongo.asynchronous.change_stream import AsyncChangeStream
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.asynchronous.mongo_client import AsyncMongoClient
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

__all__ = [
    "LOCAL",
    "UNJOURNALED",
    "ASCENDING",
    "DESCENDING",
    "BSONError",
    "BulkWriteError",
    "Client",
    "Collection",
    "ConnectionFailure",
    "DeleteOne",
    "Document",
    "DriverName",
    "DuplicateKeyError",
    "Handle",
    "IndexModel",
    "ObjectId",
    "OperationFailure",
    "PyMongoError",
    "ReturnDocument",
    "Session",
    "Stream",
    "Timestamp",
    "UpdateMany",
    "UpdateOne",
    "close_client",
    "open_client",
    "open_database",
    "open_session",
    "open_stream",
    "settled",
]

Document = dict[str, Any]
Client = AsyncMongoClient[Document]
Handle = AsyncDatabase[Document]
Collection = AsyncCollection[Document]
Session = AsyncClientSession
Stream = AsyncChangeStream[Document]
DriverName = Literal["pymongo", "motor"]
T = TypeVar("T")

# A push follows a majority-committed, journaled write within a millisecond, a w:1 write only after 52 ms.
DURABLE = WriteConcern("majority", j=True)
COMMITTED = ReadConcern("majority")
UNJOURNALED = WriteConcern(1)
LOCAL = ReadConcern("local")


async def settled(answer: Awaitable[T]) -> T:
    """Await what one driver answers with an awaitable and the other at once."""
    return await answer if inspect.isawaitable(answer) else answer


def open_client(uri: str, driver: DriverName = "pymongo") -> Client:
    """Make a client; it belongs to the event loop that first uses it."""
    options: dict[str, Any] = {"appname": "folkmoot", "tz_aware": True, "serverSelectionTimeoutMS": 5000}
    if driver == "motor":
        from motor.motor_asyncio import AsyncIOMotorClient

        return cast("Client", AsyncIOMotorClient(uri, **options))
    return AsyncMongoClient(uri, **options)


async def close_client(client: Client) -> None:
    """Close every connection of the client."""
    await settled(client.close())


def open_database(client: Client, name: str) -> Handle:
    """Return the database with durable writes and committed reads."""
    options: CodecOptions[Document] = CodecOptions(tz_aware=True)
    return client.get_database(name, codec_options=options, write_concern=DURABLE, read_concern=COMMITTED)


@asynccontextmanager
async def open_session(client: Client) -> AsyncIterator[Session]:
    """Open a session and end it, whatever happens inside."""
    session = await settled(cast("Awaitable[Session]", client.start_session()))
    try:
        yield session
    finally:
        await settled(session.end_session())


async def open_stream(database: Handle, pipeline: Sequence[Mapping[str, Any]], **options: Any) -> Stream:
    """Open one change stream over the whole database; it listens when this returns.

    Entering it is what makes Motor ask the server; PyMongo has done so already.
    """
    stream = await settled(database.watch(list(pipeline), **options))
    return await stream.__aenter__()
