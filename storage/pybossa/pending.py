"""Registrations that wait for the proof of their address, and the accounts that come of them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import TypeVar

from storage.addresses import Addresses
from storage.counters import Counters
from storage.database import Database, Index, index
from storage.driver import Document, DuplicateKeyError, ObjectId, ReturnDocument, Session
from storage.errors import NotFound, Taken
from storage.jobs import Jobs, NewJob
from storage.keys import make_key
from storage.person import new_person
from storage.pybossa.community import Community, split_name
from storage.pybossa.entrance import Entered, Entrance
from storage.pybossa.links import Links
from storage.pybossa.sessions import Visit, digest, moment
from storage.traces import Trace

ORIGIN = "pybossa"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who wants an account; `next` is where they were going."""

    fullname: str
    name: str
    email: str
    password_hash: str = field(repr=False)
    consent: bool
    next: str | None = None

    @classmethod
    def of(cls, row: Document) -> Applicant:
        """Read the stored form."""
        return cls(**{name: row[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Who came in by a link, and where they were going."""

    entered: Entered
    next: str | None


class PendingRegistrations:
    """Rows of `pybossa_pending`, by the digest of the mailed key; nothing is reserved while they wait."""

    INDEXES: tuple[Index, ...] = (
        index("pybossa_pending", "account_id"),
        index("pybossa_pending", "expires", expire_after=0),
    )
    TRACES = (Trace("pybossa_pending", "account_id"),)

    def __init__(
        self,
        database: Database,
        counters: Counters,
        addresses: Addresses,
        jobs: Jobs,
        community: Community,
        *,
        entrance: Entrance,
        links: Links,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._rows = database["pybossa_pending"]
        self._users = database["users"]
        self._counters = counters
        self._addresses = addresses
        self._jobs = jobs
        self._community = community
        self._entrance = entrance
        self._links = links
        self._clock = clock

    async def expect(
        self, applicant: Applicant, seconds: int, notices: Callable[[str], Iterable[NewJob]]
    ) -> None:
        """Remember a registration and queue what `notices` makes of its key."""
        key, now = make_key(), self._clock()
        row: Document = {"_id": digest(key), **asdict(applicant), "account_id": None}
        row |= {"created": now, "expires": moment(now + seconds)}

        async def work(session: Session) -> None:
            await self._rows.insert_one(row, session=session)
            for job in notices(key):
                await self._jobs.promise(job, session)

        await self._database.transaction(work)

    async def redeem(self, key: str, visit: Visit | None) -> Confirmed:
        """Make the account of a registration and let it in; who opens the link again comes in again.

        Raises NotFound where the key is unknown or expired or what it stands for is gone, Taken where the
        name or the address is another account's by now.
        """
        good = {"_id": digest(key), "expires": {"$gt": moment(self._clock())}}

        async def work(session: Session) -> Confirmed:
            # Written, not read: of two who open the same link the second one finds the account.
            row = await self._rows.find_one_and_update(
                good, {"$inc": {"opened": 1}}, return_document=ReturnDocument.AFTER, session=session
            )
            if row is None:
                raise NotFound("link")
            if (oid := row["account_id"]) is not None:
                await self._links.prove(oid, row["email"], session)
                return Confirmed(await self._entrance.let_in(oid, visit, session), None)
            oid = await self._make(Applicant.of(row), session)
            await self._rows.update_one(good, {"$set": {"account_id": oid}}, session=session)
            return Confirmed(await self._entrance.let_in(oid, visit, session, made=True), row["next"])

        return await self._unique(work)

    async def admit(self, applicant: Applicant, visit: Visit | None) -> Entered:
        """Make an account without asking its address for a proof, and let it in; raises Taken."""

        async def work(session: Session) -> Entered:
            oid = await self._make(applicant, session)
            return await self._entrance.let_in(oid, visit, session, made=True)

        return await self._unique(work)

    async def _make(self, applicant: Applicant, session: Session) -> ObjectId:
        """Make a joined account with a verified address."""
        number, names = await self._counters.take("users"), split_name(applicant.fullname)
        person = new_person(number, applicant.email, names, now=self._clock(), ip=None)
        person |= {"password": applicant.password_hash, "set_password": True, "email_validated": True}
        person["auth"]["origin"] = ORIGIN
        address = await self._addresses.prepare(applicant.email, person["_id"], verified=True)
        await self._addresses.insert(address, session)
        await self._users.insert_one(person, session=session)
        fields = {"consent": applicant.consent}
        await self._community.join(person["_id"], session, name=applicant.name, fields=fields)
        oid: ObjectId = person["_id"]
        return oid

    async def _unique(self, work: Callable[[Session], Awaitable[T]]) -> T:
        """Run a transaction in which the unique indexes, not an earlier look, decide who comes first."""
        try:
            return await self._database.transaction(work)
        except DuplicateKeyError as error:
            raise Taken("email") from error
