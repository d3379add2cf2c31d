"""Puts events that came from elsewhere, in any order, into the tree, the lists and their teams."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from storage.database import Database
from storage.driver import Document, UpdateOne
from storage.klub.event import place
from storage.klub.event_counts import EventCounts
from storage.klub.team import TEAM

CHUNK = 1000
FIELDS = ("name", "tn_parent", "tn_priority", "order", "team")


class EventTree:
    """What is derived of events: `order` from their parents, `team` from its seats, their numbers."""

    def __init__(self, database: Database, counts: EventCounts) -> None:
        self._database = database
        self._events = database["events"]
        self._counts = counts

    async def settle(self) -> int:
        """Derive everything anew, as after an import; return how many events were off.

        Repeating it is harmless. A parent that is none, or an event's own child, counts as none.
        """
        rows = {row["_id"]: row async for row in self._events.find({}, dict.fromkeys(FIELDS, 1))}
        orders, teams = order_all(rows), await self._teams()
        changes = []
        for number, row in rows.items():
            derived = {"order": orders[number], "team": teams.get(number, [])}
            if row["order"] != derived["order"] or set(row["team"]) != set(derived["team"]):
                changes.append(UpdateOne({"_id": number}, {"$set": derived}))
        for start in range(0, len(changes), CHUNK):
            await self._events.bulk_write(changes[start : start + CHUNK], ordered=False)
        await self._counts.recount()
        return len(changes)

    async def _teams(self) -> Mapping[int, list[int]]:
        teams: dict[int, list[int]] = defaultdict(list)
        async for row in self._database[TEAM].find({}, {"event": 1, "user": 1}).sort("_id", 1):
            if row["user"] not in teams[row["event"]]:
                teams[row["event"]].append(row["user"])
        return teams


def order_all(rows: Mapping[int, Document]) -> dict[int, str]:
    """Return the `order` of every event."""
    orders: dict[int, str] = {}
    for number in rows:
        for each in reversed(list(ancestry(number, rows, orders))):
            row = rows[each]
            orders[each] = place(row, orders.get(row["tn_parent"], ""))
    return orders


def ancestry(number: int, rows: Mapping[int, Document], known: Mapping[int, str]) -> Iterable[int]:
    """Yield an event, its parent and so on, up to one whose place is known; circles end."""
    seen: set[int] = set()
    while number in rows and number not in known and number not in seen:
        seen.add(number)
        yield number
        number = rows[number]["tn_parent"] or 0
