"""Waiting for jobs, which have no event that a test could wait for."""

from __future__ import annotations

import asyncio

from handlers.core.mail import KIND
from storage.pybossa.exports import EXPORT
from storage.pybossa.removal import DELETE
from storage.stores import Stores

LONGEST = 25  # seconds


async def until_done(stores: Stores, *kinds: str) -> None:
    """Wait until no deletion, export or mail is open any more; or no job of other kinds."""
    async with asyncio.timeout(LONGEST):
        while await stores.jobs.left(kinds or (DELETE, EXPORT, KIND)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def until_tidy(stores: Stores) -> None:
    """Wait until no half-written file is left: it may go after the answer has come."""
    async with asyncio.timeout(LONGEST):
        while await stores.database["file_drafts"].count_documents({}):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
