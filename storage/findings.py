"""What a check of the stored data finds, and the one moment of the database at which it looks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

from storage.database import Database
from storage.driver import Session, settled


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is off: which check found it, where, and what differs."""

    check: str
    place: str
    detail: str


Check = Callable[[], AsyncIterator[Finding]]


@asynccontextmanager
async def snapshot(database: Database) -> AsyncIterator[Session]:
    """Open a session whose reads all see one moment, for longer than a transaction may last."""
    session = await settled(cast("Awaitable[Session]", database.client.start_session(snapshot=True)))
    try:
        yield session
    finally:
        await settled(session.end_session())
