"""Registrations: an account, its address, and the channels that it will pay through, all or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from storage.addresses import Addresses
from storage.counters import Counters
from storage.database import Database, Restart
from storage.driver import Document, DuplicateKeyError, Session
from storage.errors import Taken
from storage.klub.channels import Channel, Channels, Pledge
from storage.klub.usernames import FIELD, Usernames
from storage.person import new_person

ORIGIN = "klub"


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who registers: the address, names, and what may be left out: username, password's hash, telephone."""

    email: str
    first_name: str
    last_name: str
    username: str | None
    hashed: str | None
    telephone: str | None


@dataclass(frozen=True, slots=True)
class Registration:
    """What was made: the username and the channels, in the order of the pledges."""

    number: int
    username: str
    channels: Sequence[Channel]


class Registrations:
    """Makes accounts of Klub."""

    def __init__(
        self,
        database: Database,
        counters: Counters,
        addresses: Addresses,
        usernames: Usernames,
        channels: Channels,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._users = database["users"]
        self._counters = counters
        self._addresses = addresses
        self._usernames = usernames
        self._channels = channels
        self._clock = clock

    async def register(
        self, applicant: Applicant, pledges: Sequence[Pledge], *, ip: str | None
    ) -> Registration:
        """Make the account and its channels; raises Taken("email") and Taken("username")."""
        person = new_person(
            await self._counters.take("users"),
            applicant.email,
            {"fname": applicant.first_name, "sname": applicant.last_name},
            now=self._clock(),
            ip=ip,
        )
        person |= {"password": applicant.hashed or "", "set_password": applicant.hashed is not None}
        # Until a mailed link is used, whoever registered may not own the mailbox.
        person["auth"] |= {"unproven": True, "origin": ORIGIN}
        person["klub"] = {"telephones": list_telephones(applicant), "units": list_units(pledges)}
        address = await self._addresses.prepare(applicant.email, person["_id"])

        async def work(session: Session) -> Registration:
            username = applicant.username or await self._usernames.invent(applicant.email)
            await self._insert(person, username, given=applicant.username is not None, session=session)
            await self._addresses.insert(address, session)
            channels = [await self._channels.open(person["id"], pledge, session) for pledge in pledges]
            return Registration(person["id"], username, channels)

        try:
            return await self._database.transaction(work)
        except DuplicateKeyError as error:
            raise Taken("email") from error

    async def _insert(self, person: Document, username: str, *, given: bool, session: Session) -> None:
        row = {**person, "klub": {"username": username, **person["klub"]}}
        try:
            await self._users.insert_one(row, session=session)
        except DuplicateKeyError as error:
            if FIELD not in ((error.details or {}).get("keyPattern") or {}):
                raise
            if given:
                raise Taken("username") from error
            raise Restart from error  # the next one that is invented will be another


def list_telephones(applicant: Applicant) -> list[Document]:
    """Return the telephones of a new account."""
    if applicant.telephone is None:
        return []
    return [{"telephone": applicant.telephone, "note": "", "is_primary": True}]


def list_units(pledges: Sequence[Pledge]) -> list[int]:
    """Return the units that the money goes to, each once."""
    units = (pledge.account.unit for pledge in pledges)
    return list(dict.fromkeys(unit for unit in units if unit is not None))
