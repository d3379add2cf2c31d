"""Tries of passwords: one counter of wrong ones for all dialects, since an account has one password."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from storage.database import Database
from storage.errors import Busy
from storage.passwords import Passwords, can_match, is_ours
from storage.throttle import Call, Throttle

SIDE_BY_SIDE = 4  # tries for one address in one process: as many more than allowed may be under way


class Window(NamedTuple):
    """So many wrong tries in so many seconds; 0 tries is no limit."""

    allowed: float
    seconds: int


class Tries:
    """Checks passwords; whoever fails too often is not listened to for a while, right or wrong."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        throttle: Throttle,
        *,
        by_client: Window,
        by_address: Window,
    ) -> None:
        self._users = database["users"]
        self._passwords = passwords
        self._throttle = throttle
        self._by_client = by_client
        self._by_address = by_address
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def check(
        self, person: Mapping[str, Any] | None, text: str, *, asked: str, client: str
    ) -> str | None:
        """Return the hash that is stored for the password, None where it is wrong.

        `asked` is the address that was asked for; nobody (None) costs the same time. Raises Exhausted
        after too many wrong tries, and Busy. Another system's hash is replaced by one of ours.
        """
        known = str((person or {}).get("password") or "")
        stored = known if can_match(known) else ""
        calls = self._calls(asked.strip().lower(), client)
        async with self._turn(asked):
            await self._throttle.peek(calls)
            if not await self._passwords.verify(text, stored):
                await asyncio.gather(*(self._throttle.count(call) for call in calls))
                return None
        assert person is not None
        return stored if is_ours(stored) else await self._renew(person, text, stored)

    def _turn(self, asked: str) -> asyncio.Semaphore:
        return self._turns.setdefault(asked.strip().lower(), asyncio.Semaphore(SIDE_BY_SIDE))

    def _calls(self, address: str, client: str) -> list[Call]:
        calls = [
            Call("SIGNIN_FAILURES", f"{address} {client}", *self._by_client),
            Call("SIGNIN_FAILURES_ADDRESS", address, *self._by_address),
        ]
        return [call for call in calls if call.allowed]

    async def _renew(self, person: Mapping[str, Any], text: str, stored: str) -> str:
        """Hash a right password as ours are, unless it has been changed meanwhile."""
        try:
            fresh = await self._passwords.hash(text)
        except Busy:  # the next sign-in will do
            return stored
        unchanged = {"_id": person["_id"], "password": stored}
        result = await self._users.update_one(unchanged, {"$set": {"password": fresh, "set_password": True}})
        return fresh if result.matched_count else stored
