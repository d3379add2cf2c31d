"""Which comics a list is about: the filters on comics and the reader's subscriptions, resolved to ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from storage.comics.conditions import Condition, Selection
from storage.comics.errors import refusals
from storage.comics.matching import both, object_filter
from storage.comics.sharing import Sharing
from storage.database import Database
from storage.driver import Document


class Choosing:
    """Reads which comics are wanted; there are a thousand or so, so nothing about them is cached."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sharing = Sharing()
        self._comics = database["comics"]
        self._subscriptions = database["comic_subscriptions"]

    async def wanted(
        self, conditions: Sequence[Condition], subscribed: bool | None, reader: int
    ) -> Document | None:
        """Return the filter on comics; None when no comic can match."""
        wanted = object_filter(conditions)
        if wanted is None or subscribed is None:
            return wanted
        own = self._subscriptions.find({"user_id": reader}, {"comic_id": 1, "_id": 0})
        ids = [row["comic_id"] async for row in own]
        return both(wanted, {"_id": {"$in" if subscribed else "$nin": ids}})

    async def chosen(
        self, conditions: Sequence[Condition], subscribed: bool | None, reader: int, patience: int
    ) -> Sequence[Mapping[str, Any]]:
        """Return `_id` and `n_releases` of the comics wanted; raises Slow, BadPattern."""
        wanted = await self.wanted(conditions, subscribed, reader)
        if wanted is None:
            return ()
        shown = {"n_releases": 1}
        with refusals():
            return await self._comics.find(wanted, shown).sort("_id", 1).max_time_ms(patience).to_list(None)

    async def tally(self, name: str) -> int | None:
        """Add up a count that the comics keep; None where one of them keeps none."""
        return await self._sharing.read(name, lambda: self._add_up(name))

    async def _add_up(self, name: str) -> int | None:
        return read_tally(
            [row async for row in await self._database.aggregate("comics", [tally_stage(name)])]
        )


def tally_stage(name: str) -> Document:
    """Return what adds up a count that the comics keep."""
    kept: Document = {"$cond": [{"$isNumber": f"${name}"}, 1, 0]}
    return {"$group": {"_id": None, "sum": {"$sum": f"${name}"}, "kept": {"$sum": kept}, "all": {"$sum": 1}}}


def read_tally(rows: Sequence[Mapping[str, Any]]) -> int | None:
    """Read what was added up, nothing where there are no comics; None where one of them keeps no count."""
    return sum(row["sum"] for row in rows) if all(row["kept"] == row["all"] for row in rows) else None


def split(selection: Selection) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
    """Tell conditions on the comic (its id among them) from the others on the listed object itself."""
    by_id = tuple(replace(each, field="_id") for each in selection.own if each.field == "comic_id")
    own = tuple(each for each in selection.own if each.field != "comic_id")
    return (*selection.comic, *by_id), own
