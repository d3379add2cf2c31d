"""The log of what was done to whom: facts about deeds, never secrets."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from storage.database import Database, Index, index
from storage.driver import Session


class Journal:
    """Appends entries to the collection `log`; times are Unix seconds."""

    INDEXES: tuple[Index, ...] = (index("log", "action"),)

    def __init__(self, database: Database) -> None:
        self._log = database["log"]

    async def note(self, action: str, data: Mapping[str, Any], session: Session | None = None) -> None:
        """Write one entry, inside the caller's transaction where there is one."""
        entry = {"action": action, "data": dict(data), "ts": time.time()}
        await self._log.insert_one(entry, session=session)
