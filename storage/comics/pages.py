"""Brings pages of one collection in order, in one of the ways that planning named."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import chain
from operator import itemgetter

from storage.comics.errors import Slow, refusals
from storage.comics.planning import Keys, Way
from storage.database import Database
from storage.driver import Document

PATIENCE = 5000  # milliseconds
AT_ONCE = 4  # portions that are looked up side by side


class Pages:
    """The pages of a collection in one order."""

    def __init__(self, database: Database, collection: str, order: Keys, patience: int = PATIENCE) -> None:
        self._rows = database[collection]
        self._order = order
        self._patience = patience

    async def page(self, ways: Sequence[Way], offset: int, limit: int, total: int) -> list[Document]:
        """Return some rows of `total`; raises Slow when even the last way is too long."""
        limit = min(limit, total - offset)
        if limit <= 0:
            return []
        for way in ways[:-1]:
            try:
                return await self._along(way, offset, limit, total)
            except Slow:
                continue
        return await self._along(ways[-1], offset, limit, total)

    async def _along(self, way: Way, offset: int, limit: int, total: int) -> list[Document]:
        if way.keys_first or len(way.filters) > 1:
            return await self._merged(way, offset, limit)
        behind = total - offset - limit
        if behind < offset:
            # The end is nearer: count from there.
            rows = await self._find(way, way.filters[0], behind, limit, backward=True)
            return rows[::-1]
        return await self._find(way, way.filters[0], offset, limit)

    async def _find(
        self, way: Way, wanted: Document, skip: int, limit: int, *, backward: bool = False, keys: bool = False
    ) -> list[Document]:
        order = [(name, -direction if backward else direction) for name, direction in self._order]
        shown = {name: 1 for name, _ in self._order} if keys else None
        patience = min(way.leash or self._patience, self._patience)
        cursor = self._rows.find(wanted, shown, sort=order, skip=skip, limit=limit)
        with refusals():
            return await cursor.hint(list(way.hint)).max_time_ms(patience).to_list(None)

    async def _merged(self, way: Way, offset: int, limit: int) -> list[Document]:
        """Take the heads of all portions, keys only, and fetch what the page has of them."""
        heads: list[Document] = []
        for first in range(0, len(way.filters), AT_ONCE):
            some = way.filters[first : first + AT_ONCE]
            finding = (self._find(way, wanted, 0, offset + limit, keys=True) for wanted in some)
            heads += chain.from_iterable(await asyncio.gather(*finding))
        for name, direction in reversed(self._order):
            heads.sort(key=itemgetter(name), reverse=direction < 0)
        wanted_ids = [row["_id"] for row in heads[offset : offset + limit]]
        rows = {row["_id"]: row async for row in self._rows.find({"_id": {"$in": wanted_ids}})}
        # One may have gone in between.
        return [rows[number] for number in wanted_ids if number in rows]
