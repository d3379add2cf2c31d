"""People who register, read their mail and sign in."""

from __future__ import annotations

import asyncio
import re
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from handlers.core.mail import KIND
from handlers.knowme import passwords
from storage.stores import Stores
from tests.flux.mailbox import LONGEST_WAIT, read, text_of
from tests.knowme.client import App
from tests.serving import Answer, Served

SECRET = "correct horse 7"
NEW_SECRET = "another horse 8"
INVALID = {
    "non_field_errors": ["Invalid credentials. Check your email and password and try again."],
}
NOBODY = {"detail": "Authentication credentials were not provided."}


class Town:
    """A server, its mails, and the people in it."""

    def __init__(self, server: Served, folder: Path) -> None:
        self.api = server.api
        self.stores: Stores = server.stores
        self.settings = server.settings
        self._folder = folder

    async def post(self, path: str, value: Any = None, **headers: str) -> Answer:
        """Send JSON as nobody."""
        return await self.api.post(path, value, **{"Content-Type": "application/json", **headers})

    async def register(self, email: str, password: str = SECRET, **fields: str) -> Answer:
        """Register somebody."""
        names = {"first_name": "Ann", "last_name": "Lee", **fields}
        return await self.post("/auth/register/", {"email": email, "password": password, **names})

    async def login(self, email: str, password: str = SECRET) -> Answer:
        """Sign somebody in."""
        return await self.post("/auth/login/", {"username": email, "password": password})

    async def verify(self, key: str, password: str = SECRET) -> Answer:
        """Confirm an address."""
        return await self.post("/account/verify-email/", {"key": key, "password": password})

    async def settle(self, email: str, **fields: str) -> App:
        """Register somebody, confirm the address, sign in."""
        made = await self.register(email, **fields)
        assert made.status == 201, made.text
        proved = await self.verify(await self.key(email))
        assert (proved.status, proved.json) == (200, {})
        token = (await self.login(email)).json["token"]
        person = await self.person(email)
        return App(self.api, token, person["_id"], person["id"])

    async def reset_key(self, email: str) -> str:
        """Ask for a reset and read the key from the mail."""
        answer = await self.post("/account/reset-password/", {"email": email})
        assert (answer.status, answer.json) == (200, {"email": email})
        return await self.key(email, "Instructions to Reset Your Know Me Password")

    async def mails(self, to: str | None = None) -> list[EmailMessage]:
        """Wait until no job is queued any more; return the mails, oldest first."""
        async with asyncio.timeout(LONGEST_WAIT):
            while await self.stores.jobs.left([KIND, passwords.KIND]):  # noqa: ASYNC110  the worker's end has no event
                await asyncio.sleep(0.01)
        found = [read(path) for path in sorted(self._folder.glob("*.eml"))]
        return [mail for mail in found if to is None or mail["To"] == to]

    async def subjects(self, to: str) -> list[str]:
        """Name the mails to an address."""
        return [mail["Subject"] for mail in await self.mails(to)]

    async def key(self, email: str, subject: str = "Please Confirm Your Know Me Email") -> str:
        """Return the key in the latest mail with a subject."""
        mail = [each for each in await self.mails(email) if each["Subject"] == subject][-1]
        return key_in(mail)

    async def person(self, email: str) -> dict[str, Any]:
        """Read the account that has a primary address."""
        found = await self.stores.database["users"].find_one({"email_lower": email.lower()})
        assert found is not None
        return found

    async def change(self, email: str, **values: Any) -> None:
        """Write into an account's document, as an import might."""
        await self.stores.database["users"].update_one({"email_lower": email.lower()}, {"$set": values})

    async def age(self, collection: str, seconds: float) -> None:
        """Make every key of a collection older."""
        await self.stores.database[collection].update_many({}, {"$inc": {"created_at": -seconds}})


def key_in(mail: EmailMessage) -> str:
    """Return the key of the first link in a mail."""
    first = re.search(r"https?://\S+", text_of(mail))
    assert first is not None, text_of(mail)
    found = re.search(r"\bkey=([A-Za-z0-9]{64})$", first[0])
    assert found is not None, first[0]
    return found[1]
