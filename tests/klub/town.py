"""A town with a unit, an account for its money and two events to pay for; and the mails in it."""

from __future__ import annotations

import asyncio
import re
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from handlers.core.mail import KIND
from handlers.klub import resets
from storage.klub.event import new_event
from storage.stores import Stores
from tests.flux.mailbox import LONGEST_WAIT, read, text_of
from tests.klub.callers import PASSWORD
from tests.serving import Answer, Served

NEW_PASSWORD = "another horse 8"
LINK = re.compile(r"^(https?://\S+)\?u=([A-Za-z0-9_-]+)&t=([-a-zA-Z0-9_]+)\r?$", re.MULTILINE)


class Town:
    """What registrations need, and what they lead to."""

    def __init__(self, server: Served, folder: Path) -> None:
        self.api = server.api
        self.stores: Stores = server.stores
        self._folder = folder

    async def settle(self) -> None:
        """Store a unit, its account, and two events: one with a prefix for its symbols."""
        database = self.stores.database
        await database["administrative_units"].insert_one({"_id": 7, "name": "Brno"})
        account = {"_id": 3, "slug": "bank", "unit": 7, "kind": "bank"}
        await database["money_accounts"].insert_one(account)
        prefixes = {"obecne": None, "camp": 12345}
        await database["events"].insert_many(
            [
                new_event(number, slug, {"name": slug, "units": [7], "variable_symbol_prefix": prefix})
                for number, (slug, prefix) in enumerate(prefixes.items(), 1)
            ]
        )

    async def post(self, path: str, value: Any = None, **headers: str) -> Answer:
        """Send JSON as nobody."""
        return await self.api.post(path, value, **{"Content-Type": "application/json", **headers})

    async def register(self, email: str = "test@example.com", **fields: Any) -> Answer:
        """Register somebody."""
        value = {"email": email, "password": PASSWORD, "userchannels": [channel()], **fields}
        return await self.post("/api/register-userprofile", value)

    async def login(self, username: str, password: str = PASSWORD) -> Answer:
        """Ask for tokens."""
        return await self.post("/api/token/", {"username": username, "password": password})

    async def person(self, email: str) -> dict[str, Any]:
        """Read the account that has a primary address."""
        found = await self.stores.database["users"].find_one({"email_lower": email.lower()})
        assert found is not None
        return found

    async def mails(self, to: str | None = None) -> list[EmailMessage]:
        """Wait until no mail is queued any more; return the mails, oldest first."""
        async with asyncio.timeout(LONGEST_WAIT):
            while await self.stores.jobs.left([KIND, resets.KIND]):  # noqa: ASYNC110  the worker's end has no event
                await asyncio.sleep(0.01)
        found = [read(path) for path in sorted(self._folder.glob("*.eml"))]
        return [mail for mail in found if to is None or mail["To"] == to]

    async def link(self, email: str) -> str:
        """Ask for a reset; return the path that confirms it."""
        answer = await self.post("/api/reset_password_email/", {"email": email})
        assert (answer.status, answer.body) == (200, b""), answer.text
        found = LINK.search(text_of((await self.mails(email))[-1]))
        assert found is not None
        return f"/api/reset_password_email_confirm/{found[2]}/{found[3]}/"

    async def confirm(self, path: str, first: str = NEW_PASSWORD, second: str | None = None) -> Answer:
        """Set a password by a link."""
        return await self.post(path, {"password_1": first, "password_2": first if second is None else second})


def channel(**changes: Any) -> dict[str, Any]:
    """Return an entry of `userchannels`."""
    usual = {
        "money_account": "bank",
        "event": "obecne",
        "regular_amount": 250,
        "regular_frequency": "monthly",
    }
    return {**usual, **changes}
