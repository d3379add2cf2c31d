"""What clients report about themselves, and how much waits in queues that older servers left behind."""

from __future__ import annotations

import time
from collections.abc import Callable

from storage.database import Database, Index, index


class Reports:
    """The collection `errors`, and the imported mail and text-message queues."""

    INDEXES: tuple[Index, ...] = (
        index("errors", "ts"),
        index("email_queue", "sent"),
        index("sms_queue", "sent"),
    )

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._errors = database["errors"]
        self._mails = database["email_queue"]
        self._messages = database["sms_queue"]
        self._clock = clock

    async def add(self, name: str, message: str) -> None:
        """Keep what a client reports, as text: nothing in it is ever run or queried."""
        await self._errors.insert_one({"name": name, "message": message, "ts": self._clock()})

    async def unsent(self) -> tuple[int, int]:
        """Count what waits in the imported queues: mails, text messages."""
        waiting = {"sent": {"$ne": True}}
        return await self._mails.count_documents(waiting), await self._messages.count_documents(waiting)
