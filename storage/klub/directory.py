"""The directory: all accounts of all dialects, as organizers of events look for them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from storage.database import Database
from storage.driver import Document, ObjectId
from storage.errors import NotFound

# Where what Klub says of people is stored, by its own names; the other dialects show it, too.
SHARED = {
    "first_name": "fname",
    "last_name": "sname",
    "street": "addr_street",
    "city": "addr_suburb",
    "zip_code": "addr_postcode",
    "age_group": "dobYear",
    "birth_month": "dobMonth",
    "birth_day": "dobDay",
}
FIELDS = dict.fromkeys(
    (
        *("id", "email", *SHARED.values()),
        *("klub.nickname", "klub.telephones", "klub.note"),
    ),
    1,
)
SEARCHED = ("fname", "sname", "email", "klub.nickname", "klub.maiden_name")
LONGEST_SEARCH = 1000  # characters; nothing that is searched is longer
NOBODY: Document = {"id": {"$exists": False}}


@dataclass(frozen=True, slots=True)
class Telephone:
    """A telephone of a person; `is_primary` is true or null, never false."""

    telephone: str
    note: str
    is_primary: bool | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A person in the directory; parts of the birth date are null where they are no numbers."""

    oid: ObjectId
    id: int
    first_name: str
    last_name: str
    nickname: str
    email: str | None
    telephones: tuple[Telephone, ...]
    city: str
    note: str
    age_group: int | None
    birth_month: int | None
    birth_day: int | None
    street: str
    zip_code: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        klub = row.get("klub") or {}
        return cls(
            row["_id"],
            row["id"],
            row.get("fname") or "",
            row.get("sname") or "",
            klub.get("nickname") or "",
            (row.get("email") or "").lower() or None,
            tuple(map(read_telephone, klub.get("telephones") or ())),
            row.get("addr_suburb") or "",
            klub.get("note") or "",
            read_number(row.get("dobYear")),
            read_number(row.get("dobMonth")),
            read_number(row.get("dobDay")),
            row.get("addr_street") or "",
            row.get("addr_postcode") or "",
        )


class Directory:
    """Reads accounts; of companies there is none here."""

    def __init__(self, database: Database) -> None:
        self._users = database["users"]

    async def find(self, number: int) -> Entry:
        """Find a person; raises NotFound."""
        row = await self._users.find_one({"id": number}, FIELDS)
        if row is None:
            raise NotFound("users")
        return Entry.of(row)

    async def some(self, numbers: Iterable[int]) -> Mapping[int, Entry]:
        """Find people by their numbers; unknown ones are left out."""
        wanted = sorted(set(numbers))
        if not wanted:
            return {}
        rows = await self._users.find({"id": {"$in": wanted}}, FIELDS).to_list(None)
        return {row["id"]: Entry.of(row) for row in rows}

    async def search(self, asked: str) -> AsyncIterator[Entry]:
        """Yield whom a text may mean, all for a blank one, by ascending number."""
        async for row in self._users.find(meaning(asked), FIELDS).sort("id", 1):
            yield Entry.of(row)


def meaning(asked: str) -> Document:
    """Return the query for a text: part of a name or address, or a first and a last name; never a pattern."""
    text = asked.strip()
    if not text:
        return {}
    if len(text) > LONGEST_SEARCH or "\0" in text:
        return NOBODY
    part = {"$regex": escape(text), "$options": "i"}
    name = {"$regex": rf"\A(?:{'|'.join(map(escape, text.split()))})\z", "$options": "i"}
    return {"$or": [*({field: part} for field in SEARCHED), {"fname": name, "sname": name}]}


def escape(text: str) -> str:
    """Write a text as the pattern that finds just that."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


def read_telephone(row: Mapping[str, Any]) -> Telephone:
    """Read the stored form of a telephone."""
    return Telephone(row["telephone"], row.get("note") or "", True if row.get("is_primary") else None)


def read_number(value: Any) -> int | None:
    """Read a part of a birth date, which imports may have left as anything."""
    digits = str(value).strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 9 else None
