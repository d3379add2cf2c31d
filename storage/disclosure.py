"""Which documents a person is shown of themselves: all that a deletion removes, but what is secret."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from storage.database import Database
from storage.driver import Document, ObjectId
from storage.klub.attendance import CANCELLATIONS
from storage.klub.channels import CHANNELS
from storage.klub.interaction import INTERACTIONS
from storage.klub.team import TEAM
from storage.klub.units import LEADERS, UNITS
from storage.knowme import PARENTS

BATCH = 500  # documents that are read at a time: more would hold the loop up
PIECE = 1 << 18  # bytes that are gathered before they are passed on
# What of a person's own document is no business of the members' dialect, or opens a door.
PRIVATE = frozenset({"_id", "password", "s", "auth", "pybossa", "klub", "comics"})


@dataclass(frozen=True, slots=True)
class Shown:
    """Documents about a person, found as a `Trace` finds them; `fields` (all: None) are what is shown."""

    collection: str
    field: str
    by: str = "_id"
    fields: tuple[str, ...] | None = None

    @property
    def place(self) -> tuple[str, str]:
        """Return what is looked at."""
        return self.collection, self.field

    def query(self, person: Mapping[str, Any]) -> Document:
        """Return what finds a person's documents."""
        return {self.field: person[self.by]}

    def projection(self) -> Document | None:
        """Return what is read of each."""
        return None if self.fields is None else dict.fromkeys(self.fields, 1)


# By the file of an export.
SHOWN: Mapping[str, tuple[Shown, ...]] = {
    "know_me.json": (*(Shown(name, "user_id") for name in PARENTS), Shown("mailchimp_users", "user_id")),
    "klub.json": (
        *(Shown(INTERACTIONS, "user", by="id"), Shown(CANCELLATIONS, "user", by="id")),
        *(Shown(CHANNELS, "user", by="id"), Shown(TEAM, "user", by="id")),
        *(Shown(UNITS, leader, by="id", fields=("name", leader)) for leader in LEADERS),
        Shown("events", "team", by="id", fields=("id", "name")),
        Shown("pdf_files", "author", by="id", fields=("id", "name")),
    ),
    "comics.json": (Shown("comic_subscriptions", "user_id", by="id"),),
    "flux.json": (
        *(Shown("email_addresses", "user_id"), Shown("votes", "user_id"), Shown("profiles", "user_id")),
        *(Shown("app_feedback", "user_id"), Shown("call_log", "user_id"), Shown("address_queue", "user_id")),
        *(Shown("call_log", "caller_id", fields=("call_id", "caller_id")), Shown("credits", "uid")),
        Shown("roles", "uids", fields=("role",)),
        Shown("sms_verifications", "used_by", fields=("phone_number", "succeeded", "created")),
    ),
}
# Traces that nobody is shown: secrets, what repeats something that is shown, and book-keeping of imports.
UNSHOWN: frozenset[tuple[str, str]] = frozenset(
    {
        *(("auth_tokens", "user_id"), ("sessions", "user_id"), ("remember_tokens", "user_id")),
        *(("email_confirmations", "user_id"), ("email_validation", "user_id"), ("login_codes", "user_id")),
        *(("login_tokens", "user_id"), ("password_resets", "user_id"), ("pybossa_links", "user_id")),
        *(("pybossa_pending", "account_id"), ("notify_queue", "s")),
        *(("update_feed", "user_id"), ("import_map", "target")),
    }
)


class Disclosure:
    """Reads what is shown, a piece at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def holdings(self, person: Mapping[str, Any], file: str) -> list[Shown]:
        """Return which of a file's kinds of documents there are of a person."""
        found = []
        for each in SHOWN[file]:
            if await self._database[each.collection].find_one(each.query(person), {"_id": 1}) is not None:
                found.append(each)
        return found

    async def write(
        self, person: Mapping[str, Any], account: Mapping[str, Any] | None, holdings: Iterable[Shown]
    ) -> AsyncIterator[bytes]:
        """Yield a JSON object: what `account` says of the person, and a list for each collection."""
        opening = b"{"
        if account is not None:
            yield b'{"account": ' + dump(account)
            opening = b",\n"
        names: set[str] = set()
        for each in holdings:
            name = each.collection if each.collection not in names else f"{each.collection}.{each.field}"
            names.add(name)
            yield opening + dump(name) + b": "
            rows = self._database[each.collection].find(each.query(person), each.projection())
            async for piece in write_list(rows.batch_size(BATCH)):
                yield piece
            opening = b",\n"
        yield b"}\n"


def account_shown(file: str, person: Mapping[str, Any]) -> Document | None:
    """Return what of a person's own document belongs into a file; None where there is nothing."""
    if file == "klub.json":
        return person.get("klub") or None
    if file == "flux.json":
        return {name: value for name, value in person.items() if name not in PRIVATE}
    return None


async def write_list(rows: AsyncIterator[Mapping[str, Any]]) -> AsyncIterator[bytes]:
    """Yield documents as a JSON list; their `_id` is called `id` where they have no other."""
    buffer = bytearray(b"[")
    between = b"\n"
    async for row in rows:
        number = row.get("id", row.get("_id"))
        rest = {name: value for name, value in row.items() if name not in {"_id", "id"}}
        buffer += between + dump({"id": number, **rest})
        between = b",\n"
        if len(buffer) >= PIECE:
            yield bytes(buffer)
            buffer.clear()
    yield bytes(buffer) + b"]"


def dump(value: Any) -> bytes:
    """Write a value as JSON, ids of the database and times as texts."""
    return orjson.dumps(value, default=describe, option=orjson.OPT_PASSTHROUGH_DATETIME)


def describe(value: Any) -> str:
    """Put what JSON has no form for into a text."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, ObjectId) else repr(value)
