"""Polls and events as administrators page through them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from storage.admin.search import begins, read_id, spellings
from storage.database import Database
from storage.driver import Document


@dataclass(frozen=True, slots=True)
class ListedPoll:
    """A poll with its total; `options` are labels by id."""

    poll_id: int
    question: str
    options: Mapping[str, str]
    total: int
    version: int


@dataclass(frozen=True, slots=True)
class PollPage:
    """A page of polls, highest number first; `next` continues behind it, None at the end."""

    polls: tuple[ListedPoll, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class ListedEvent:
    """An event with its counts; `begins` in Unix seconds."""

    id: int
    name: str
    begins: float | None
    public: bool
    registered: int
    attended: int
    cancelled: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> ListedEvent:
        """Read the stored form."""
        first = row.get("datetime_from") or row.get("start_date")
        counts = (row.get(name) or 0 for name in ("registered", "attended", "cancelled"))
        moment = first.replace(tzinfo=UTC).timestamp() if isinstance(first, datetime) else None
        return cls(row["_id"], row["name"], moment, row["public_on_web"], *counts)


@dataclass(frozen=True, slots=True)
class EventPage:
    """A page of events, newest first; `next` continues behind it, None at the end."""

    events: tuple[ListedEvent, ...]
    next: int | None


class Overviews:
    """Reads pages of at most some hundred rows, each with a fixed number of queries."""

    def __init__(self, database: Database) -> None:
        self._tallies = database["poll_stats"]
        self._options = database["poll_options"]
        self._events = database["events"]

    async def polls(self, before: int | None, size: int) -> PollPage:
        """Return polls with their totals and words."""
        query: Document = {} if before is None else {"poll_id": {"$lt": before}}
        shown = {"poll_id": 1, "total": 1, "version": 1}
        rows = await self._tallies.find(query, shown).sort("poll_id", -1).limit(size + 1).to_list(None)
        page = rows[:size]
        wanted = {"poll_id": {"$in": [row["poll_id"] for row in page]}}
        words = {row["poll_id"]: row async for row in self._options.find(wanted)}
        polls = tuple(describe(row, words.get(row["poll_id"], {})) for row in page)
        return PollPage(polls, polls[-1].poll_id if len(rows) > size else None)

    async def events(self, text: str, before: int | None, size: int) -> EventPage:
        """Return events whose name begins with a text, or whose id it is; "" is all of them."""
        query: Document = {"$or": conditions(text)} if text else {}
        if before is not None:
            query["_id"] = {"$lt": before}
        shown = dict.fromkeys(
            (
                *("name", "datetime_from", "start_date", "public_on_web"),
                *("registered", "attended", "cancelled"),
            ),
            1,
        )
        rows = await self._events.find(query, shown).sort("_id", -1).limit(size + 1).to_list(None)
        events = tuple(map(ListedEvent.of, rows[:size]))
        return EventPage(events, events[-1].id if len(rows) > size else None)


def describe(tally: Mapping[str, Any], words: Mapping[str, Any]) -> ListedPoll:
    """Put a tally and what its poll asks together."""
    question, options = str(words.get("question") or ""), words.get("options") or {}
    return ListedPoll(tally["poll_id"], question, options, tally["total"], tally["version"])


def conditions(text: str) -> list[Document]:
    """Return what finds events by name or id; names are in an index behind who may see them."""
    found: list[Document] = [
        {"public_on_web": public, "name": begins(each)}
        for public in (True, False)
        for each in spellings(text)
    ]
    if (number := read_id(text)) is not None:
        found.append({"_id": number})
    return found
