"""Guests: people whom a partner's page or another member signs up; found by their address, or made."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from storage.accounts import Accounts, Amendment
from storage.addresses import Addresses
from storage.counters import Counters
from storage.database import Database, Restart
from storage.driver import Document, DuplicateKeyError, Session
from storage.errors import Rejected
from storage.klub.registrations import ORIGIN
from storage.person import ELECTORAL, new_person
from storage.presence import hold_anyone

BETWEEN_NOTES = "\n\n---\n\n"
# What strangers add to an account must never make its document too large to be written.
LONGEST_NOTES, MOST_TELEPHONES = 100_000, 100


@dataclass(frozen=True, slots=True)
class Guest:
    """Who is signed up; `fields` are values by their stored names, blank where nothing was said."""

    email: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    telephone: str = ""
    note: str = ""
    unit: int | None = None
    ip: str | None = None


class Guests:
    """Gets or creates accounts by e-mail; what an account says of itself is never changed, only completed."""

    def __init__(
        self,
        database: Database,
        counters: Counters,
        addresses: Addresses,
        accounts: Accounts,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._users = database["users"]
        self._counters = counters
        self._addresses = addresses
        self._accounts = accounts
        self._clock = clock

    async def admit(self, guest: Guest, session: Session) -> Document:
        """Return the account of a guest, completed or new, in the caller's transaction, which holds it.

        Raises Rejected.
        """
        row = await self._addresses.find({"email_lower": guest.email.lower()}, session)
        if row is None:
            return await self._create(guest, session)
        owner = await self._users.find_one({"_id": row["user_id"]}, {"id": 1}, session=session)
        assert owner is not None, "an address belongs to nobody"
        person = await hold_anyone(self._users, owner["id"], session)
        return (await self._accounts.apply(person, complete(person, guest), session)).person

    async def _create(self, guest: Guest, session: Session) -> Document:
        number = await self._counters.take("users")
        given = {name: value for name, value in guest.fields.items() if value}
        person = new_person(number, guest.email, given, now=self._clock(), ip=guest.ip)
        # Whoever signed the guest up may not own the mailbox; the owner gets in by a mailed link.
        person["auth"] |= {"unproven": True, "origin": ORIGIN}
        person["klub"] = {
            "telephones": add_telephone([], guest.telephone),
            "units": add_unit([], guest.unit),
            "note": guest.note,
        }
        address = await self._addresses.prepare(guest.email, person["_id"])
        try:
            await self._addresses.insert(address, session)
            await self._users.insert_one(person, session=session)
        except DuplicateKeyError as error:
            # Somebody else made the account in the same moment: the next try will find it.
            raise Restart from error
        return person


def complete(person: Mapping[str, Any], guest: Guest) -> Amendment:
    """Work out what an account lacks of what is said about a guest; raises Rejected."""
    known = person.get("klub") or {}
    telephones, units, note = known.get("telephones") or [], known.get("units") or [], known.get("note") or ""
    values = {name: value for name, value in guest.fields.items() if value and not person.get(name)}
    further = {
        "klub.telephones": (telephones, add_telephone(telephones, guest.telephone)),
        "klub.units": (units, add_unit(units, guest.unit)),
        "klub.note": (note, add_note(note, guest.note)),
    }
    values |= {name: after for name, (before, after) in further.items() if after != before}
    return Amendment(values, values.keys(), revalidate=not ELECTORAL.isdisjoint(values))


def add_note(held: str, note: str) -> str:
    """Return the notes with one more at their end; raises Rejected where there is no room for it."""
    if not note:
        return held
    notes = held + BETWEEN_NOTES + note if held else note
    if len(notes) > LONGEST_NOTES:
        raise Rejected("note", "There is no room for more notes about this person.")
    return notes


def add_telephone(held: list[Document], number: str) -> list[Document]:
    """Return the telephones with one more, unless it is among them; the first one is primary.

    Raises Rejected where there are too many.
    """
    if not number or any(each["telephone"] == number for each in held):
        return held
    if len(held) >= MOST_TELEPHONES:
        raise Rejected("telephone", "There is no room for more telephones of this person.")
    primary = not any(each.get("is_primary") for each in held)
    return [*held, {"telephone": number, "note": "", "is_primary": primary}]


def add_unit(held: list[int], unit: int | None) -> list[int]:
    """Return the units with one more, unless it is among them."""
    return held if unit is None or unit in held else [*held, unit]
