"""What a new password or a first proof ends: one table for all dialects, one routine that goes through it.

An account has one password and several doors. Whoever changes the password wants those out who knew the
old one; whoever is the first to prove the mailbox wants those out who registered it without owning it.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from storage.database import Database
from storage.driver import Document, ObjectId, Session
from storage.errors import Rejected
from storage.jobs import Jobs, NewJob
from storage.person import make_secret
from storage.presence import hold


class Holding(enum.Enum):
    """Something by which an account can be entered, or is being used."""

    SECRET = "the member's secret"  # noqa: S105
    KEYS = "lasting keys of other dialects"
    TOKEN = "the app's token"  # noqa: S105
    SESSIONS = "signed-in sessions, refresh and remember tokens"
    LINKS = "open links that set a password"
    SOCKETS = "live connections and the tokens that open them"


class Event(enum.Enum):
    """What happened to an account."""

    CHANGED = "another password, by somebody who knew the old one or may do anything"
    RECOVERED = "a password set by a mailed link"
    PROVEN = "the first proof of an address, by somebody who knows the password"
    CLAIMED = "the first proof of an address, by a link that asked for nothing"
    EXPELLED = "an administrator ends what the account is signed in with"


ENDS: Mapping[Event, frozenset[Holding]] = {
    Event.CHANGED: frozenset({Holding.SESSIONS, Holding.LINKS, Holding.SOCKETS}),
    Event.RECOVERED: frozenset(Holding),
    Event.PROVEN: frozenset({Holding.SECRET, Holding.KEYS}),
    Event.CLAIMED: frozenset({Holding.KEYS, Holding.SESSIONS, Holding.SOCKETS}),
    Event.EXPELLED: frozenset({Holding.TOKEN, Holding.SESSIONS, Holding.LINKS, Holding.SOCKETS}),
}
PROOFS = frozenset({Event.RECOVERED, Event.PROVEN, Event.CLAIMED})  # whoever did it has the mailbox


@dataclass(frozen=True, slots=True)
class Ending:
    """One event of one person, as stored before it; `keep` names the session that did it and goes on."""

    event: Event
    person: Document
    keep: str | None = None


Step = Callable[[Ending, Session], Awaitable[None]]
Notices = Callable[[Document], Iterable[NewJob]]


class Credentials:
    """Sets passwords and ends what the event ends, in the caller's transaction.

    `steps` say how a holding ends; each store that keeps some contributes its own.
    """

    def __init__(self, database: Database, jobs: Jobs, steps: Sequence[tuple[Holding, Step]] = ()) -> None:
        self._database = database
        self._jobs = jobs
        self._users = database["users"]
        self._notify = database["notify_queue"]
        self._steps = tuple(steps)

    async def change_password(
        self, oid: ObjectId, former: str, hashed: str, notices: Notices, keep: str | None = None
    ) -> None:
        """Store a password in the place of the one whose hash is `former`, which the caller has verified.

        Raises Rejected where that one has been changed meanwhile, and Departed.
        """

        async def work(session: Session) -> None:
            person = await hold(self._users, oid, session)
            if person.get("password") != former:
                raise Rejected("password", "was changed meanwhile")
            await self.set_password(Ending(Event.CHANGED, person, keep), hashed, session)
            for job in notices(person):
                await self._jobs.promise(job, session)

        await self._database.transaction(work)

    async def set_password(self, ending: Ending, hashed: str, session: Session) -> None:
        """Store the hash of another password and end what that ends."""
        changes = {"$set": {"password": hashed, "set_password": True}}
        await self._users.update_one({"_id": ending.person["_id"]}, changes, session=session)
        await self.end(ending, session)

    async def end(self, ending: Ending, session: Session) -> None:
        """End what an event ends; whoever claims an account without a password finds nothing to end."""
        person, event = ending.person, ending.event
        void = event is Event.CLAIMED
        ends = ENDS[event] if not void or person.get("set_password") else frozenset[Holding]()
        values: Document = {"password": "", "set_password": False} if void and ends else {}
        if Holding.SECRET in ends:
            values["s"] = make_secret()
            renamed = {"$set": {"s": values["s"]}}
            await self._notify.update_many({"s": person["s"]}, renamed, session=session)
        changes = {
            "$set": values,
            "$inc": {"auth.generation": 1} if Holding.SOCKETS in ends else {},
            "$unset": {"auth.unproven": ""} if event in PROOFS else {},
        }
        if updates := {operator: fields for operator, fields in changes.items() if fields}:
            await self._users.update_one({"_id": person["_id"]}, updates, session=session)
        for holding, step in self._steps:
            if holding in ends:
                await step(ending, session)
