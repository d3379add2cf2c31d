"""People who register, read their mail and sign in."""

from __future__ import annotations

import asyncio
import re
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from handlers.core.mail import KIND
from storage.driver import ObjectId
from storage.pybossa.people import PyBossaUser
from storage.pybossa.projects import NewProject
from tests.flux.mailbox import LONGEST_WAIT, read, text_of
from tests.pybossa.browser import Browser
from tests.serving import Answer, Served

PASSWORD = "secret"
NEW_PASSWORD = "another secret"


class Village:
    """A server, its mails, and the people in it."""

    def __init__(self, server: Served, folder: Path) -> None:
        self.server = server
        self.api = server.api
        self.stores = server.stores
        self._folder = folder

    def form(self, name: str = "johndoe", fullname: str = "John Doe", **fields: Any) -> dict[str, Any]:
        """Return what somebody fills in to register."""
        usual = {"fullname": fullname, "name": name, "email_addr": f"{name}@example.com"}
        return {**usual, "password": PASSWORD, "confirm": PASSWORD, **fields}

    async def settle(self, name: str, fullname: str = "John Doe", **fields: Any) -> Browser:
        """Register somebody and open the mailed link; return their browser, which is signed in."""
        browser = Browser(self.api)
        form = self.form(name, fullname, **fields)
        answer = await browser.post("/account/register", form)
        assert answer.json.get("status") == "sent", answer.text
        opened = await browser.get(await self.link(form["email_addr"]))
        assert opened.json.get("flash") == "Thanks for signing-up", opened.text
        return browser

    async def join(self, name: str) -> int:
        """Let a member of another dialect join; return the account's id."""
        member = await self.api.register(f"{name}@example.com", fname="Person", sname=name)
        oid = ObjectId(member["_id"]["$oid"])
        join = self.stores.pybossa.join
        return (await self.stores.database.transaction(lambda session: join(oid, session, name=name))).id

    async def sign_in(self, email: str, password: str = PASSWORD, browser: Browser | None = None) -> Answer:
        """Sign somebody in."""
        browser = browser or Browser(self.api)
        return await browser.post("/account/signin", {"email": email, "password": password})

    async def hash(self, password: str) -> str:
        """Hash a password as the server does."""
        return await self.server.application.services.passwords.hash(password)

    async def mails(self, to: str | None = None) -> list[EmailMessage]:
        """Wait until no mail is queued any more; return them, oldest first."""
        async with asyncio.timeout(LONGEST_WAIT):
            while await self.stores.jobs.left([KIND]):  # noqa: ASYNC110  the worker's end has no event
                await asyncio.sleep(0.01)
        found = [read(path) for path in sorted(self._folder.glob("*.eml"))]
        return [mail for mail in found if to is None or mail["To"] == to]

    async def link(self, to: str) -> str:
        """Return the path and query of the link in the newest mail to an address."""
        return link_in((await self.mails(to))[-1])

    async def user(self, name: str) -> PyBossaUser:
        """Find somebody by their user name."""
        user = await self.stores.pybossa.by_name(name)
        assert user is not None
        return user

    async def row(self, name: str) -> dict[str, Any]:
        """Read somebody's document."""
        found = await self.stores.database["users"].find_one({"pybossa.name": name})
        assert found is not None
        return found

    async def change(self, name: str, /, **values: Any) -> None:
        """Write into somebody's document, as an import might; dots are written as two underscores."""
        update = {"$set": {key.replace("__", "."): value for key, value in values.items()}}
        await self.stores.database["users"].update_one({"pybossa.name": name}, update)

    async def project(self, owner: str, short_name: str, *, published: bool = True, **fields: Any) -> int:
        """Make a project of somebody's; return its id."""
        number = (await self.user(owner)).id
        made = NewProject(short_name.title(), short_name, number, "About it", published=published, **fields)
        return (await self.stores.projects.create(made)).id


def link_in(mail: EmailMessage) -> str:
    """Return path and query of the link that stands alone on a line."""
    lines = [line for line in text_of(mail).splitlines() if re.fullmatch(r"https?://\S+", line)]
    assert len(lines) == 1, text_of(mail)
    parts = urlsplit(lines[0])
    return f"{parts.path}?{parts.query}"
