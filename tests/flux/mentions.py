"""Finds where in the database somebody is still named."""

from __future__ import annotations

from typing import Any

from storage.database import Database
from storage.driver import ObjectId


async def mentions(database: Database, needles: set[Any]) -> dict[str, int]:
    """Count the documents that hold one of the values anywhere, by collection."""

    def holds(value: Any) -> bool:
        if isinstance(value, dict):
            return any(holds(each) for each in value.values())
        if isinstance(value, list):
            return any(holds(each) for each in value)
        return isinstance(value, str | ObjectId) and value in needles

    found: dict[str, int] = {}
    for name in await database.handle.list_collection_names():
        rows = await database[name].find({}).to_list(None)
        if number := sum(holds(row) for row in rows):
            found[name] = number
    return found
