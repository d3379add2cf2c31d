"""Units, event types, locations and events to test with, stored as an import leaves them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from storage.accounts import Member
from storage.klub.event import new_event
from storage.klub.interaction_types import Kind
from storage.stores import Stores
from tests.klub.callers import Someone
from tests.knowme.client import multipart
from tests.serving import Answer

Files = Mapping[str, tuple[str, bytes]]


class Scene:
    """Puts into the database what only imports bring, and makes events like an organizer."""

    def __init__(self, stores: Stores) -> None:
        self.stores = stores
        self._numbers = itertools.count(1)

    async def unit(self, name: str = "Praha", **fields: Any) -> int:
        """Store a unit; return its number."""
        return await self._store("administrative_units", name=name, slug=name.lower(), **fields)

    async def kind(self, name: str = "Brigade", slug: str = "brigade", **fields: Any) -> int:
        """Store an event type; return its number."""
        return await self._store("event_types", name=name, slug=slug, **fields)

    async def location(self, name: str = "Park", **fields: Any) -> int:
        """Store a location; return its number."""
        return await self._store("locations", name=name, **fields)

    async def position(self, name: str = "Cook") -> int:
        """Store a position; return its number."""
        return await self._store("organization_positions", name=name)

    async def interaction_type(self, slug: str, category: str = "event_interaction") -> int:
        """Store a type of interactions, and its category where there is none; return its number."""
        kind = Kind(category, category, slug, slug.title())
        return (await self.stores.interaction_types.obtain(kind)).id

    async def _store(self, collection: str, **fields: Any) -> int:
        number = await self.stores.counters.take(collection)
        await self.stores.database[collection].insert_one({"_id": number, **fields})
        return number

    async def event(self, name: str = "Cleaning", *, team: list[int] | None = None, **fields: Any) -> int:
        """Store a public event without a unit or a type; return its number."""
        number = await self.stores.counters.take("events")
        values = {"name": name, "units": [], "public_on_web": True, **fields}
        row = new_event(number, f"event-{next(self._numbers)}", values)
        await self.stores.database["events"].insert_one({**row, "team": team or []})
        await self.stores.event_counts.recount()
        return number

    async def channel(self, number: int, event: int, user: int | None) -> None:
        """Store a donor channel."""
        symbol = {"unit": None, "VS": f"{number:010}"}
        row = {"_id": number, "event": event, "user": user, **symbol}
        await self.stores.database["donor_channels"].insert_one(row)

    async def member(self, someone: Someone) -> Member:
        """Return the account of a caller."""
        member = await self.stores.accounts.by_number(someone.number)
        assert member is not None
        return member

    async def body(self, unit: int, **fields: Any) -> dict[str, Any]:
        """Return the smallest body of an event."""
        kind = await self.stores.database["event_types"].find_one({"slug": "brigade"})
        number = kind["_id"] if kind is not None else await self.kind()
        return {"name": "Cleaning", "event_type_id": number, "administrative_units": [unit], **fields}


async def send_form(
    someone: Someone, method: str, path: str, texts: Mapping[str, str], files: Files | None = None
) -> Answer:
    """Send a multipart form."""
    content_type, body = multipart(texts, files)
    return await someone.call(method, path, body, Content_Type=content_type)
