"""Sessions of browsers: what a cookie stands for, and the tokens that sign a browser in once more."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from storage.credentials import Ending
from storage.database import Database, Index, index
from storage.driver import Document, ObjectId, ReturnDocument, Session
from storage.errors import Departed
from storage.revocations import Revocations, name_digest
from storage.traces import Trace

COOKIE_BYTES = 32
ANONYMOUS_LIFE, LIFE = 86_400, 30 * 86_400  # seconds since a browser was last seen
REMEMBERED = 31_536_000  # seconds that a browser is signed in again
TOUCH = 3600  # seconds after which it is worth a write that a browser was seen
MOST_MESSAGES = 10
SCHEME = "session"  # what live connections that a session opened are named after


@dataclass(frozen=True, slots=True)
class Message:
    """What the next page tells; categories are success, error, info and message."""

    text: str | Sequence[str]
    category: str


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser's session; `id` and `remembered` are digests of its cookies."""

    id: str
    user_id: ObjectId | None
    csrf: str = field(repr=False)
    messages: tuple[Message, ...] = ()
    remembered: str | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        messages = tuple(Message(each["text"], each["category"]) for each in row["flashes"])
        return cls(row["_id"], row["user_id"], row["csrf"], messages, row.get("remembered"))

    @property
    def credential(self) -> str:
        """Return the name by which its live connections are found."""
        return name_digest(SCHEME, self.id)


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session with its cookie, and the cookie that signs in again where there is a new one."""

    visit: Visit
    cookie: str = field(repr=False)
    remember: str | None = field(default=None, repr=False)


def digest(cookie: str) -> str:
    """Return what a cookie is stored as: it is long and random, so that one round is enough."""
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).hexdigest()


def make_cookie() -> str:
    """Make the value of a cookie."""
    return secrets.token_urlsafe(COOKIE_BYTES)


class Sessions:
    """Rows of `sessions` and `remember_tokens`; a cookie that nobody stored never becomes a session."""

    INDEXES: tuple[Index, ...] = (
        index("sessions", "user_id"),
        index("sessions", "expires", expire_after=0),
        index("remember_tokens", "user_id"),
        index("remember_tokens", "expires", expire_after=0),
    )
    TRACES = (Trace("sessions", "user_id"), Trace("remember_tokens", "user_id"))

    def __init__(
        self, database: Database, revocations: Revocations, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._rows = database["sessions"]
        self._seen = database.light("sessions")
        self._remembered = database["remember_tokens"]
        self._revocations = revocations
        self._clock = clock

    async def find(self, cookie: str) -> Visit | None:
        """Find the session of a cookie."""
        now = self._clock()
        row = await self._rows.find_one({"_id": digest(cookie), "expires": {"$gt": moment(now)}})
        if row is None:
            return None
        if row["last_seen"] + TOUCH < now:
            seen = {"last_seen": now, "expires": expiry(now, row["user_id"])}
            await self._seen.update_one({"_id": row["_id"]}, {"$set": seen})
        return Visit.of(row)

    async def begin(self) -> Opened:
        """Make a session of nobody's."""
        return await self._open(None, None, None)

    async def _open(
        self,
        user_id: ObjectId | None,
        former: Visit | None,
        remembered: str | None,
        session: Session | None = None,
    ) -> Opened:
        """Make a session; the CSRF secret and what waits to be told move along from the former one."""
        cookie, now = make_cookie(), self._clock()
        messages = former.messages if former is not None else ()
        row: Document = {
            "_id": digest(cookie),
            "user_id": user_id,
            "csrf": former.csrf if former is not None else make_cookie(),
            "flashes": [document(each) for each in messages],
            "remembered": remembered,
            "created": now,
            "last_seen": now,
            "expires": expiry(now, user_id),
        }
        if former is not None:
            await self._rows.delete_one({"_id": former.id}, session=session)
        await self._rows.insert_one(row, session=session)
        return Opened(Visit.of(row), cookie)

    async def sign_in(self, user_id: ObjectId, former: Visit | None, session: Session) -> Opened:
        """Give a person's browser another session; the caller's transaction holds the person."""
        token = make_cookie()
        await self._forget(former, session)
        ends = moment(self._clock() + REMEMBERED)
        row: Document = {"_id": digest(token), "user_id": user_id, "created": self._clock(), "expires": ends}
        await self._remembered.insert_one(row, session=session)
        opened = await self._open(user_id, former, row["_id"], session)
        return Opened(opened.visit, opened.cookie, token)

    async def recall(self, token: str, former: Visit | None) -> Opened | None:
        """Sign a browser in by the token that it was given; None where that is not good (any more)."""
        good = {"_id": digest(token), "expires": {"$gt": moment(self._clock())}}

        async def work(session: Session) -> Opened | None:
            # Written, not read: it collides with whatever ends the token.
            used = {"$set": {"used": self._clock()}}
            row = await self._remembered.find_one_and_update(good, used, session=session)
            if row is None:
                return None
            return await self._open(row["user_id"], former, row["_id"], session)

        return await self._database.transaction(work)

    async def sign_out(self, former: Visit | None, token: str | None) -> Opened | None:
        """End what this browser alone was given; its live connections end, too."""

        async def work(session: Session) -> Opened | None:
            await self._forget(former, session)
            if token:
                await self._remembered.delete_one({"_id": digest(token)}, session=session)
            if former is None:
                return None
            opened = await self._open(None, former, None, session)
            if former.user_id is not None:
                await self._revocations.end(former.user_id, former.credential, session)
            return opened

        try:
            return await self._database.transaction(work)
        except Departed:  # deleted, and all sessions with it
            return None

    async def _forget(self, visit: Visit | None, session: Session) -> None:
        """Delete the token of a browser that gets another one, or none."""
        if visit is not None and visit.remembered is not None:
            await self._remembered.delete_one({"_id": visit.remembered}, session=session)

    async def leave(self, visit: Visit, messages: Sequence[Message]) -> None:
        """Leave messages for the next page."""
        added = {"$each": [document(each) for each in messages], "$slice": -MOST_MESSAGES}
        await self._rows.update_one({"_id": visit.id}, {"$push": {"flashes": added}})

    async def take(self, visit: Visit) -> tuple[Message, ...]:
        """Take the messages out."""
        emptied: Document = {"$set": {"flashes": []}}
        row = await self._rows.find_one_and_update(
            {"_id": visit.id}, emptied, return_document=ReturnDocument.BEFORE
        )
        return Visit.of(row).messages if row is not None else ()

    async def end(self, ending: Ending, session: Session) -> None:
        """End a person's sessions and tokens, but for the session that goes on: a step of `Credentials`."""
        person = ending.person["_id"]
        kept = await self._rows.find_one({"_id": ending.keep, "user_id": person}, session=session)
        token = kept.get("remembered") if kept is not None else None
        await self._rows.delete_many({"user_id": person, "_id": {"$ne": ending.keep}}, session=session)
        await self._remembered.delete_many({"user_id": person, "_id": {"$ne": token}}, session=session)

    async def end_all(self, user_id: ObjectId, session: Session) -> None:
        """End all sessions and tokens of a person, with the live connections that sessions opened."""
        async for row in self._rows.find({"user_id": user_id}, session=session):
            await self._revocations.end(user_id, Visit.of(row).credential, session)
        await self._rows.delete_many({"user_id": user_id}, session=session)
        await self._remembered.delete_many({"user_id": user_id}, session=session)


def moment(seconds: float) -> datetime:
    """Return Unix seconds as the database's time."""
    return datetime.fromtimestamp(seconds, UTC)


def expiry(now: float, user_id: ObjectId | None) -> datetime:
    """Return when a session ends that is not seen any more."""
    return moment(now + (ANONYMOUS_LIFE if user_id is None else LIFE))


def document(message: Message) -> Document:
    """Return the stored form of a message."""
    return {"text": message.text, "category": message.category}
