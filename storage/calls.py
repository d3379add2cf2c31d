"""The phone bank: who is to be called next, under a lease, and what came of every call."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from storage.batching import Batcher
from storage.counters import Counters
from storage.database import Database, Index, index
from storage.driver import Document, ObjectId, Session
from storage.errors import Departed, NotFound
from storage.presence import hold
from storage.traces import Fate, Trace

FIRST_CALL = 100_000_001
SHOWN_CALLS = 50
SHOWN_FIELDS = {"_id": 0, "user_id": 0}
# Imports bring members whose wish not to be called was never asked for.
CALLABLE = (False, "", None)
BATCH = 32  # members handed out in one transaction

# People without a number take no place in these, and those who do not want calls sort apart: they
# would gather at the front, where the longest ago called are looked for.
_NUMBERED = {"contact_number": {"$gt": ""}, "is_active": True}
ORDER = ("phone_bank.last_call", "timestamp")
ANYWHERE = index("users", "do_not_call", *ORDER, partial=_NUMBERED)
IN_STATE = index("users", "do_not_call", "addr_state", *ORDER, partial=_NUMBERED)


@dataclass(frozen=True, slots=True)
class Search:
    """Whom a caller wants: the state, and the least seconds since an answered and since any call."""

    caller: ObjectId
    state: str | None = None
    since_answered: int = 0
    since_any: int = 0

    def query(self, now: float) -> Document:
        """Return what matches the members to choose from."""
        query: Document = {
            **_NUMBERED,
            "do_not_call": {"$in": list(CALLABLE)},
            "_id": {"$ne": self.caller},
            "phone_bank.lease_until": {"$not": {"$gt": now}},
        }
        if self.state is not None:
            query["addr_state"] = self.state
        if self.since_answered:
            query["phone_bank.last_answered"] = {"$not": {"$gt": now - self.since_answered}}
        if self.since_any:
            query["phone_bank.last_call"] = {"$not": {"$gt": now - self.since_any}}
        return query

    def hint(self) -> list[tuple[str, int]]:
        """Return the index that holds the members in the order they are called in.

        Named, because a plan that was cached while there were few members may be a bad one for many.
        """
        return list((ANYWHERE if self.state is None else IN_STATE).keys)


@dataclass(frozen=True, slots=True)
class Call:
    """A search with the number that the call will have, and the seconds that its lease lasts."""

    number: int
    search: Search
    lease: float


@dataclass(frozen=True, slots=True)
class HandedOut:
    """A member who is one caller's to call: contact fields, and the calls before this one, newest first."""

    call_id: int
    person: Document
    earlier: Sequence[Document]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a caller reports."""

    answered: bool
    do_not_call: bool
    comment: str


CONTACT_FIELDS = dict.fromkeys(
    ("name", "fname", "mnames", "sname", "contact_number", "addr_postcode", "address"), 1
)


class Calls:
    """Hands out members to call and keeps the log.

    A lease and its line of the log are one transaction; those asked for during a commit share the next,
    because everybody wants the same first member and would wait for whoever came before.
    """

    INDEXES: tuple[Index, ...] = (
        ANYWHERE,
        IN_STATE,
        index("call_log", "call_id", unique=True),
        index("call_log", "user_id", "handed_out"),
        index("call_log", "caller_id"),
    )
    TRACES = (Trace("call_log", "user_id"), Trace("call_log", "caller_id", Fate.NULL))

    def __init__(
        self, database: Database, counters: Counters, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._users = database["users"]
        self._log = database["call_log"]
        self._counters = counters
        self._clock = clock
        self._batcher: Batcher[Call, Document | None] = Batcher(self._hand_out, BATCH)

    async def hand_out(self, search: Search, lease: float) -> HandedOut | None:
        """Lease the next member to the caller for so many seconds, or return None; raises Busy, Departed."""
        number = await self._counters.take("call_log", FIRST_CALL)
        person = await self._batcher.submit(Call(number, search, lease))
        if person is None:
            return None
        earlier = self._log.find({"user_id": person["_id"], "call_id": {"$ne": number}}, SHOWN_FIELDS)
        newest = earlier.sort([("handed_out", -1), ("call_id", -1)]).limit(SHOWN_CALLS)
        return HandedOut(number, person, await newest.to_list(None))

    async def _hand_out(self, calls: Sequence[Call]) -> Sequence[Document | Departed | None]:
        async def work(session: Session) -> Sequence[Document | Departed | None]:
            answers = [await self._serve(call, session) for call in calls]
            entries = [
                self._entry(call, person)
                for call, person in zip(calls, answers, strict=True)
                if isinstance(person, dict)
            ]
            if entries:
                await self._log.insert_many(entries, session=session)
            return answers

        return await self._database.transaction(work)

    async def _serve(self, call: Call, session: Session) -> Document | Departed | None:
        """Find a member for a caller who is still there; one who has left fails nobody else's call."""
        try:
            await hold(self._users, call.search.caller, session)
        except Departed as error:
            return error
        return await self._claim(call, session)

    async def _claim(self, call: Call, session: Session | None) -> Document | None:
        """Find and lease in one step; outside a transaction a lost race would look like nobody left."""
        now = self._clock()
        lease = {
            "phone_bank.lease_until": now + call.lease,
            "phone_bank.last_call": now,
            "phone_bank.call_id": call.number,
            "phone_bank.caller_id": call.search.caller,
        }
        return await self._users.find_one_and_update(
            call.search.query(now),
            {"$set": lease},
            CONTACT_FIELDS,
            sort=[(name, 1) for name in ORDER],
            hint=call.search.hint(),
            session=session,
        )

    def _entry(self, call: Call, person: Document) -> Document:
        return {
            "call_id": call.number,
            "user_id": person["_id"],
            "caller_id": call.search.caller,
            "handed_out": int(self._clock()),
            **dict.fromkeys(("reported", "answered", "do_not_call", "comment")),
        }

    async def caller(self, call_id: int) -> ObjectId | None:
        """Return whom a call was handed to, None for one who is gone; raises NotFound."""
        row = await self._log.find_one({"call_id": call_id}, {"caller_id": 1})
        if row is None:
            raise NotFound("call")
        caller: ObjectId | None = row["caller_id"]
        return caller

    async def report(self, call_id: int, outcome: Outcome) -> None:
        """Write down the outcome, in place of an earlier one, and end the lease; raises NotFound."""

        async def work(session: Session) -> None:
            row = await self._log.find_one_and_update(
                {"call_id": call_id}, [{"$set": self._outcome(outcome)}], session=session
            )
            if row is None:
                raise NotFound("call")
            await self._settle(row["user_id"], call_id, outcome, session)

        await self._database.transaction(work)

    def _outcome(self, outcome: Outcome) -> Document:
        return {
            # When the call was is known best from its first report.
            "reported": {"$ifNull": ["$reported", int(self._clock())]},
            "answered": outcome.answered,
            "do_not_call": outcome.do_not_call,
            "comment": {"$literal": outcome.comment},
        }

    async def _settle(self, user: ObjectId, call_id: int, outcome: Outcome, session: Session) -> None:
        """Carry the outcome over to the member; a late report leaves the lease of a newer call alone."""
        last = await self._log.find_one(
            {"user_id": user, "answered": True}, {"reported": 1}, sort=[("reported", -1)], session=session
        )
        is_newest = {"$eq": ["$phone_bank.call_id", call_id]}
        changes: Document = {
            "phone_bank.lease_until": {"$cond": [is_newest, "$$REMOVE", "$phone_bank.lease_until"]},
            "phone_bank.last_answered": last["reported"] if last is not None else "$$REMOVE",
        }
        if outcome.do_not_call:
            changes["do_not_call"] = True
        await self._users.update_one({"_id": user}, [{"$set": changes}], session=session)
