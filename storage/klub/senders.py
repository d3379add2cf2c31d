"""Senders: in whose name the mails of Klub go out."""

from __future__ import annotations

from storage.database import Database


class Senders:
    """The field `from_email_str` of administrative units."""

    def __init__(self, database: Database) -> None:
        self._units = database["administrative_units"]

    async def listed(self) -> list[str]:
        """Return what the units want to be called in mails, the oldest unit's first."""
        named = {"from_email_str": {"$nin": [None, ""]}}
        rows = await self._units.find(named, {"from_email_str": 1}).sort("_id", 1).to_list(None)
        return [str(row["from_email_str"]) for row in rows]
