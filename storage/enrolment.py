"""Enrolment: accounts that begin with a password and wait for the proof of their address."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from storage.addresses import Addresses
from storage.confirmations import Confirmations
from storage.counters import Counters
from storage.database import Database
from storage.driver import Document, DuplicateKeyError, Session
from storage.errors import Taken
from storage.jobs import Jobs, NewJob
from storage.keys import make_key
from storage.person import new_person


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A new account and the key that confirms its address."""

    person: Document
    key: str


class Enrolment:
    """Makes accounts; `origin` names the dialect that they come from."""

    def __init__(
        self,
        database: Database,
        counters: Counters,
        addresses: Addresses,
        confirmations: Confirmations,
        jobs: Jobs,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._users = database["users"]
        self._counters = counters
        self._addresses = addresses
        self._confirmations = confirmations
        self._jobs = jobs
        self._clock = clock

    async def enrol(
        self,
        email: str,
        names: Mapping[str, str],
        *,
        hashed: str,
        origin: str,
        ip: str | None,
        notices: Callable[[Enrolled], Iterable[NewJob]],
    ) -> Document:
        """Make an account with its address, the key and what is to be sent: all or nothing; raises Taken."""
        person = new_person(await self._counters.take("users"), email, names, now=self._clock(), ip=ip)
        person |= {"password": hashed, "set_password": True}
        # Until a mailed link is used, whoever registered may not own the mailbox.
        person["auth"] |= {"unproven": True, "origin": origin}
        address = await self._addresses.prepare(email, person["_id"])
        made = Enrolled(person, make_key())
        jobs = tuple(notices(made))

        async def work(session: Session) -> None:
            await self._addresses.insert(address, session)
            await self._users.insert_one(person, session=session)
            await self._confirmations.expect(address, made.key, session)
            for job in jobs:
                await self._jobs.promise(job, session)

        try:
            await self._database.transaction(work)
        except DuplicateKeyError as error:
            raise Taken("email") from error
        return person
