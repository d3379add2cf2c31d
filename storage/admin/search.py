"""Finding people across the dialects: by id, address, name or username, as quick among many as among few."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from storage.database import Database, Index, index
from storage.driver import Document

LONGEST_NUMBER = 18  # digits that fit an integer of the database
LAST = "\U0010ffff"  # sorts behind every other character
MOST_ADDRESSES = 200  # further addresses that a search looks at
SHOWN = dict.fromkeys(
    ("id", "email", "name", "timestamp", "is_active", "auth.superuser", "pybossa.name", "klub.username"), 1
)


@dataclass(frozen=True, slots=True)
class Found:
    """A person in a list; `joined` in Unix seconds."""

    id: int
    email: str
    name: str
    usernames: tuple[str, ...]
    active: bool
    superuser: bool
    joined: float | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Found:
        """Read the stored form."""
        names = ((row.get("pybossa") or {}).get("name"), (row.get("klub") or {}).get("username"))
        return cls(
            row["id"],
            str(row.get("email") or ""),
            str(row.get("name") or ""),
            tuple(dict.fromkeys(str(name) for name in names if name)),
            row.get("is_active", True),
            bool((row.get("auth") or {}).get("superuser")),
            row.get("timestamp"),
        )


@dataclass(frozen=True, slots=True)
class People:
    """A page of people, newest first; `next` continues behind it, None at the end."""

    people: tuple[Found, ...]
    next: int | None


def begins(text: str) -> Document:
    """Ask for texts that begin with this one, in a way that an index answers whatever is in it."""
    return {"$gte": text, "$lt": text + LAST}


def spellings(text: str) -> Iterator[str]:
    """Yield the ways in which a name is likely to be written: indexes tell cases apart."""
    yield from dict.fromkeys((text, text.lower(), text.title(), text.capitalize(), text.upper()))


def read_id(text: str) -> int | None:
    """Return the id that a text spells, None where it can't be one."""
    digits = text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER
    return int(text) if digits else None


class PeopleSearch:
    """Looks people up in `users`, by one query whose every branch has an index."""

    INDEXES: tuple[Index, ...] = (index("users", "name"), index("users", "sname"))

    def __init__(self, database: Database) -> None:
        self._users = database["users"]
        self._addresses = database["email_addresses"]

    async def page(self, text: str, before: int | None, size: int) -> People:
        """Return whoever has this text at the beginning of a name or address, or as id; "" is everybody."""
        query: Document = {"$or": await self._conditions(text)} if text else {}
        if before is not None:
            query["id"] = {"$lt": before}
        rows = await self._users.find(query, SHOWN).sort("id", -1).limit(size + 1).to_list(None)
        people = tuple(map(Found.of, rows[:size]))
        return People(people, people[-1].id if len(rows) > size else None)

    async def _conditions(self, text: str) -> list[Document]:
        low = text.lower()
        found: list[Document] = [{"email_lower": begins(low)}]
        found += [{name: begins(each)} for name in ("name", "sname") for each in spellings(text)]
        usernames = ("pybossa.name", "klub.username")
        found += [{name: begins(each)} for name in usernames for each in dict.fromkeys((text, low))]
        further = {"email_lower": begins(low), "primary": {"$ne": True}}
        rows = await self._addresses.find(further, {"user_id": 1}).limit(MOST_ADDRESSES).to_list(None)
        if rows:
            found.append({"_id": {"$in": [row["user_id"] for row in rows]}})
        if (number := read_id(text)) is not None:
            found.append({"id": number})
        return found
