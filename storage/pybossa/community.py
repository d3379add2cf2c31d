"""Finds people of the community, lets them join, and changes what they set themselves."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from storage.announcements import Announcements
from storage.credentials import Ending, Event
from storage.database import Database, Index, Restart, index
from storage.driver import Document, DuplicateKeyError, ObjectId, ReturnDocument, Session
from storage.errors import Departed, Taken
from storage.person import UNVALIDATED, derive
from storage.presence import hold
from storage.pybossa.contributions import move_of
from storage.pybossa.feed import Feed, News
from storage.pybossa.people import (
    DEFAULTS,
    PyBossaUser,
    base_name,
    make_api_key,
    new_membership,
    show,
    write_moment,
)
from storage.pybossa.ranking import NOWHERE, Ranking, Reseat, Seat
from storage.revocations import Revocations, name_credential

API_KEY = "apikey"  # the scheme of the key, and what its connections are named after
KEY_RESET = "api_key_reset"
OWN_FIELDS = frozenset({*DEFAULTS, "name", "info", "user_pref"})

T = TypeVar("T")


class Community:
    """The people who have joined; deactivated ones are not found."""

    INDEXES: tuple[Index, ...] = (
        index("users", "pybossa.name", unique=True, partial={"pybossa.name": {"$exists": True}}),
        index("users", "pybossa.api_key", unique=True, partial={"pybossa.api_key": {"$exists": True}}),
    )

    def __init__(
        self,
        database: Database,
        ranking: Ranking,
        feed: Feed,
        revocations: Revocations,
        announcements: Announcements,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._users = database["users"]
        self._revocations = revocations
        self._announcements = announcements
        self._feed = feed
        self._clock = clock
        self.ranking = ranking

    async def by_name(self, name: str) -> PyBossaUser | None:
        """Find who has a user name, in this very spelling."""
        return await self._find({"pybossa.name": name})

    async def by_id(self, number: int) -> PyBossaUser | None:
        """Find a person by the account's integer id."""
        return await self._find({"id": number, "pybossa": {"$exists": True}})

    async def by_oid(self, oid: ObjectId) -> PyBossaUser | None:
        """Find a person by the account's `_id`."""
        return await self._find({"_id": oid, "pybossa": {"$exists": True}})

    async def by_api_key(self, key: str) -> PyBossaUser | None:
        """Find whose key it is."""
        return await self._find({"pybossa.api_key": key})

    async def _find(self, query: Document) -> PyBossaUser | None:
        row = await self._users.find_one({**query, "is_active": {"$ne": False}})
        return PyBossaUser.of(row) if row is not None else None

    async def is_taken(self, name: str) -> bool:
        """Tell whether somebody has a user name, a deactivated account included."""
        return await self._users.find_one({"pybossa.name": name}, {"_id": 1}) is not None

    async def join(
        self,
        oid: ObjectId,
        session: Session,
        *,
        name: str | None = None,
        fields: Mapping[str, Any] | None = None,
    ) -> PyBossaUser:
        """Make a person a member, in a transaction of `ranking.transact`; who is one stays as they are.

        Without a name one is derived from the full name. `fields` are checked values of what people set
        themselves. Raises Departed, and Taken("name") for a given name that somebody else has.
        """
        person = await hold(self._users, oid, session)
        if "pybossa" in person:
            return PyBossaUser.of(person)
        now = self._clock()
        chosen = name if name is not None else await self._derive_name(person, session)
        own = new_membership(chosen, write_moment(now), now, fields or {})
        person["pybossa"] = own
        await self._write(person["_id"], {"$set": {"pybossa": own}}, session, restart=name is None)
        seat = Seat.due(person["id"], own)
        await self.ranking.reseat([Reseat(oid, NOWHERE, seat)], session)
        await self.ranking.refresh([seat], session)
        if not own["restrict"]:
            await self._feed.add([News("User", now, show(person), person["id"], oid)], session)
        return PyBossaUser.of(person)

    async def _derive_name(self, person: Document, session: Session) -> str:
        base = base_name(person.get("name") or "") or f"user{person['id']}"
        alike = {"pybossa.name": {"$regex": f"^{re.escape(base)}[0-9]*$"}}
        rows = await self._users.find(alike, {"pybossa.name": 1}, session=session).to_list(None)
        return free_name(base, {row["pybossa"]["name"] for row in rows})

    async def _write(self, oid: ObjectId, update: Document, session: Session, *, restart: bool) -> Document:
        """Change a person; of two who want one name the second one hears of it, or has another try."""
        try:
            person = await self._users.find_one_and_update(
                {"_id": oid}, update, return_document=ReturnDocument.AFTER, session=session
            )
        except DuplicateKeyError as error:
            if restart or "pybossa.name" not in (error.details or {}).get("keyPattern", {}):
                raise Restart from error
            raise Taken("name") from error
        if person is None:
            raise Departed
        return person

    async def change(
        self, oid: ObjectId, fields: Mapping[str, Any], session: Session | None = None
    ) -> PyBossaUser:
        """Set some of a person's own fields, and `fullname`; raises Departed and Taken("name").

        Restricting somebody takes them out of the ranks, the lists and the feed, its history included.
        """

        async def work(session: Session) -> PyBossaUser:
            before = await hold(self._users, oid, session)
            if "pybossa" not in before:
                raise Departed
            update = amend(before, fields, int(self._clock()))
            person = await self._write(oid, update, session, restart=False) if update else before
            move = move_of(person)
            await self.ranking.reseat([move], session)
            await self.ranking.refresh([move.before, move.after], session)
            if person["pybossa"]["restrict"] and not before["pybossa"]["restrict"]:
                await self._feed.forget_person(person["id"], oid, session)
            return PyBossaUser.of(person)

        return await (self.ranking.transact(work) if session is None else work(session))

    async def reset_api_key(self, oid: ObjectId) -> str:
        """Give a person another key, close what the former one had opened, tell them; raises Departed."""

        async def work(session: Session) -> str:
            person = await hold(self._users, oid, session)
            if "pybossa" not in person:
                raise Departed
            # First, so that who listens is told before what the key had opened is closed.
            await self._announcements.announce(oid, KEY_RESET, session)
            return await self._replace_key(person, session)

        return await self._database.transaction(work)

    async def renew_key(self, ending: Ending, session: Session) -> None:
        """Replace the key of somebody whose lasting keys end: a step of `Credentials`."""
        if "pybossa" in ending.person:
            await self._replace_key(ending.person, session)

    async def forget_pending(self, ending: Ending, session: Session) -> None:
        """Drop the address that waits for its link when an account is recovered: a step of `Credentials`.

        Whoever had got into the account may have asked for it, and would come back through that link.
        """
        if ending.event is Event.RECOVERED and (ending.person.get("pybossa") or {}).get("pending_email"):
            drop = {"$set": {"pybossa.pending_email": None}}
            await self._users.update_one({"_id": ending.person["_id"]}, drop, session=session)

    async def _replace_key(self, person: Document, session: Session) -> str:
        key = make_api_key()
        await self._users.update_one(
            {"_id": person["_id"]}, {"$set": {"pybossa.api_key": key}}, session=session
        )
        former = name_credential(API_KEY, person["pybossa"]["api_key"])
        await self._revocations.end(person["_id"], former, session)
        return key


def free_name(base: str, taken: Collection[str]) -> str:
    """Return the name, with digits behind it where it is taken."""
    if base not in taken:
        return base
    number = 2
    while f"{base}{number}" in taken:
        number += 1
    return f"{base}{number}"


def split_name(fullname: str) -> Document:
    """Return the fields of a full name: whole, first, middle and last words."""
    first, *rest = fullname.split() or [""]
    *middle, last = rest or [""]
    return {"name": fullname, "fname": first, "mnames": " ".join(middle), "sname": last}


def amend(person: Mapping[str, Any], fields: Mapping[str, Any], now: int) -> Document:
    """Return the update that sets fields; another full name makes the membership worth a validation."""
    own = {name: value for name, value in fields.items() if name in OWN_FIELDS}
    values: Document = {f"pybossa.{name}": value for name, value in own.items()}
    update: Document = {}
    fullname = fields.get("fullname")
    if fullname is not None and fullname != person.get("name"):
        names = split_name(fullname)
        values |= {**names, **derive(person, names, names), **UNVALIDATED, "lastUpdated": now}
        update["$unset"] = {"validationReason": ""}
    return update | ({"$set": values} if values else {})
