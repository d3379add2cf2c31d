"""Callers of the phone bank, the members they call, and a time that passes when told to."""

from __future__ import annotations

import time
from typing import Any

from storage.driver import ObjectId
from storage.stores import Stores
from tests.serving import Answer, Api

NEXT, REPORT = "/api/v0/phone_bank/get_next_member", "/api/v0/phone_bank/report"
WEEK, LEASE = 604_800, 900


class Clock:
    """The time, and as much more of it as a test adds."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


class Bank:
    """Members to be called, and callers."""

    def __init__(self, api: Api, stores: Stores) -> None:
        self.api = api
        self.stores = stores
        self.users = stores.database["users"]
        self.caller: dict[str, Any] = {}

    async def hire(self, email: str, role: str = "phone_bank") -> dict[str, Any]:
        """Register somebody with a role."""
        caller = await self.api.register(email)
        await self.stores.roles.give(role, ObjectId(caller["_id"]["$oid"]))
        return caller

    async def add(self, name: str, /, **fields: Any) -> None:
        """Register a member with a number; what isn't settable is written into the document."""
        address = f"{name.lower()}@example.com"
        await self.api.register(address, fname=name, contact_number=f"04{len(name):08}")
        if fields:
            await self.users.update_one({"email": address}, {"$set": fields})

    async def ask(self, caller: dict[str, Any] | None = None, **body: Any) -> Answer:
        """Ask for the next member."""
        return await self.api.post(NEXT, {"s": (caller or self.caller)["s"], **body})

    async def name(self, **body: Any) -> str | None:
        """Ask for the next member; return the name, None where nobody is left."""
        answer = await self.ask(**body)
        assert answer.status in (200, 404), answer.text
        return answer.json["name"] if answer.status == 200 else None

    async def report(self, call_id: Any, caller: dict[str, Any] | None = None, **body: Any) -> Answer:
        """Report a call."""
        return await self.api.post(REPORT, {"s": (caller or self.caller)["s"], "call_id": call_id, **body})
