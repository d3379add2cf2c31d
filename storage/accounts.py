"""Accounts: the one document of a person, found by secret or address, made and changed in transactions."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from storage.addresses import Addresses
from storage.announcements import EMAIL_VERIFIED, Announcements
from storage.batching import Batcher
from storage.counters import Counters
from storage.credentials import Credentials, Ending, Event
from storage.database import Database, Index, index
from storage.driver import Document, DuplicateKeyError, ObjectId, ReturnDocument, Session
from storage.errors import Departed, Taken
from storage.jobs import Jobs, NewJob
from storage.person import UNVALIDATED, derive, make_secret, new_person
from storage.traces import Trace


@dataclass(frozen=True, slots=True)
class Member:
    """Who a secret belongs to: as much as most calls need to know."""

    oid: ObjectId
    id: int
    superuser: bool
    generation: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Member:
        """Read the stored form."""
        auth = row.get("auth") or {}
        return cls(row["_id"], row["id"], auth.get("superuser", False), auth.get("generation", 0))


@dataclass(frozen=True, slots=True)
class Registered:
    """What a sign-up made: the document, and the token that proves its address."""

    person: Document
    token: str


@dataclass(frozen=True, slots=True)
class Amendment:
    """A change worked out from a stored person: values, the fields sent, whether validation starts anew."""

    values: Mapping[str, Any] = field(default_factory=dict)
    sent: Collection[str] = ()
    email: str | None = None
    revalidate: bool = False


@dataclass(frozen=True, slots=True)
class Amended:
    """A changed person; `token` proves a new address, `former` is the address that it replaced."""

    person: Document
    token: str | None = None
    former: str | None = None


T = TypeVar("T")
MEMBER_FIELDS = {"s": 1, "id": 1, "is_active": 1, "auth.superuser": 1, "auth.generation": 1}
Mails = Callable[[Registered], Iterable[NewJob]]
Notices = Callable[[Amended], Iterable[NewJob]]
Claim = Callable[[ObjectId, Session], Awaitable[None]]


class Accounts:
    """The `users` collection and what changes together with it."""

    INDEXES: tuple[Index, ...] = (
        index("users", "s", unique=True),
        index("users", "email_lower", unique=True, partial={"email_lower": {"$exists": True}}),
        index("users", "id", unique=True),
        index("users", "timestamp"),
        index("users", "onAECRoll", "addr_state"),
        index("users", "addr_state", "phone_bank.last_call"),
        index("notify_queue", "sent"),
        index("notify_queue", "s"),
    )
    TRACES = (Trace("notify_queue", "s", by="s"),)

    def __init__(
        self,
        database: Database,
        counters: Counters,
        addresses: Addresses,
        jobs: Jobs,
        credentials: Credentials,
        *,
        announcements: Announcements,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._credentials = credentials
        self._announcements = announcements
        self._users = database["users"]
        self._notify = database["notify_queue"]
        self._counters = counters
        self._addresses = addresses
        self._jobs = jobs
        self._clock = clock
        self._secrets: Batcher[str, Member | None] = Batcher(self._find_members)
        self._numbers: Batcher[int, Member | None] = Batcher(self._find_numbers)

    async def by_secret(self, secret: str) -> Member | None:
        """Find the active member whose secret it is; look-ups of one moment share a round trip."""
        return await self._secrets.submit(secret)

    async def _find_members(self, secrets: Sequence[str]) -> Sequence[Member | None]:
        rows = await self._users.find({"s": {"$in": list(set(secrets))}}, MEMBER_FIELDS).to_list(None)
        found = {row["s"]: Member.of(row) for row in rows if row.get("is_active", True)}
        return [found.get(secret) for secret in secrets]

    async def by_number(self, number: int) -> Member | None:
        """Find the active member with an integer id; look-ups of one moment share a round trip."""
        return await self._numbers.submit(number)

    async def _find_numbers(self, numbers: Sequence[int]) -> Sequence[Member | None]:
        rows = await self._users.find({"id": {"$in": list(set(numbers))}}, MEMBER_FIELDS).to_list(None)
        found = {row["id"]: Member.of(row) for row in rows if row.get("is_active", True)}
        return [found.get(number) for number in numbers]

    async def document(self, oid: ObjectId) -> Document:
        """Read the whole document of a person; raises Departed."""
        row = await self._users.find_one({"_id": oid})
        if row is None:
            raise Departed
        return row

    async def by_address(self, email: str) -> Document | None:
        """Find the active person who has the address as primary, or as a verified further one."""
        owner = await self._addresses.owner(email)
        if owner is None:
            return None
        return await self._users.find_one({"_id": owner, "is_active": {"$ne": False}})

    async def register(
        self,
        email: str,
        fields: Mapping[str, Any],
        *,
        ip: str | None,
        mails: Mails,
        claim: Claim | None = None,
    ) -> Registered:
        """Make a person, the primary address row, its proof, the mails: all or nothing; raises Taken.

        `claim` uses something up for the new account, in the same transaction, or refuses by raising.
        """
        number = await self._counters.take("users")
        person = new_person(number, email, fields, now=self._clock(), ip=ip)
        person["auth"]["unproven"] = (
            True  # until a mailed link is used, whoever registered may not own the box
        )
        made = Registered(person, make_secret())
        row = await self._addresses.prepare(email, person["_id"])
        jobs = tuple(mails(made))

        async def work(session: Session) -> None:
            if claim is not None:
                await claim(person["_id"], session)
            await self._addresses.insert(row, session)
            await self._users.insert_one(person, session=session)
            await self._addresses.expect_proof(row, made.token, session)
            await self._notify.insert_one(
                {"s": person["s"], "timestamp": person["timestamp"], "sent": False}, session=session
            )
            await self._promise(jobs, session)

        await self._unique(work)
        return made

    async def amend(
        self, oid: ObjectId, decide: Callable[[Document], Amendment], notices: Notices = lambda _: ()
    ) -> Amended:
        """Change a person in one transaction; `decide` sees the stored document and may refuse by raising.

        Raises Departed and Taken. A new address takes the place of the primary one.
        """

        async def work(session: Session) -> Amended:
            stored = await self._users.find_one({"_id": oid}, session=session)
            if stored is None:
                raise Departed
            amended = await self.apply(stored, decide(stored), session)
            await self._promise(notices(amended), session)
            return amended

        return await self._unique(work)

    async def apply(self, stored: Document, change: Amendment, session: Session) -> Amended:
        """Change a person who was read in the caller's transaction; raises Taken."""
        values = derive(stored, change.values, change.sent)
        token = former = None
        if change.email is not None and change.email != stored.get("email"):
            values["email"] = change.email
            if stored.get("username") == stored.get("email") and "username" not in values:
                values["username"] = change.email
            if change.email.lower() == stored.get("email_lower"):
                await self._addresses.respell(change.email, session)
            else:
                former, token = stored.get("email"), make_secret()
                verified = await self._addresses.replace_primary(stored["_id"], change.email, token, session)
                values |= {"email_lower": change.email.lower(), "email_validated": verified}
        if change.revalidate:
            values |= UNVALIDATED
        if not values:
            return Amended(stored)
        values["lastUpdated"] = int(self._clock())
        update: Document = {"$set": values} | (
            {"$unset": {"validationReason": ""}} if change.revalidate else {}
        )
        person = await self._users.find_one_and_update(
            {"_id": stored["_id"]}, update, return_document=ReturnDocument.AFTER, session=session
        )
        assert person is not None
        return Amended(person, token, former)

    async def prove(self, token: str) -> None:
        """Verify the address that the token was mailed to; repeating is harmless; raises NotFound."""

        async def work(session: Session) -> None:
            await self.trust(await self._addresses.accept_proof(token, session), session)

        await self._database.transaction(work)

    async def trust(self, address: Document, session: Session, event: Event = Event.CLAIMED) -> None:
        """Note on an account that an address of it, a row as it was before, has been proven by a mailed link.

        An account's first proof ends what belongs to whoever registered it: they may not own the mailbox.
        """
        person = {"_id": address["user_id"]}
        if address["primary"]:
            await self._users.update_one(person, {"$set": {"email_validated": True}}, session=session)
        if not address["verified"]:
            # First, so that who listens is told before anything is closed.
            await self._announcements.announce(address["user_id"], EMAIL_VERIFIED, session)
        first = await self._users.find_one({**person, "auth.unproven": True}, session=session)
        if first is not None:
            await self._credentials.end(Ending(event, first), session)

    async def _promise(self, jobs: Iterable[NewJob], session: Session) -> None:
        for job in jobs:
            await self._jobs.promise(job, session)

    async def make_superuser(self, oid: ObjectId, superuser: bool) -> None:
        """Give or take the product's highest right."""
        await self._users.update_one({"_id": oid}, {"$set": {"auth.superuser": superuser}})

    async def _unique(self, work: Callable[[Session], Awaitable[T]]) -> T:
        """Run a transaction in which the unique indexes, not an earlier look, decide who comes first."""
        try:
            return await self._database.transaction(work)
        except DuplicateKeyError as error:
            raise Taken("email") from error
