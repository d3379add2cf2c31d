"""The named people of a demo: accounts with a password that the demo shows, in every dialect at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from storage.addresses import make_row
from storage.community import Mark, Settler, make_person
from storage.counters import Counters
from storage.credentials import Credentials, Ending, Event
from storage.database import Database, is_duplicate
from storage.driver import Document, ObjectId, PyMongoError, Session
from storage.errors import Taken

MARK: Mark = "host"


@dataclass(frozen=True, slots=True)
class Host:
    """Somebody to be: a settler, a username, a password's hash, and a seal that tells whose hash it is."""

    settler: Settler
    username: str
    hashed: str
    seal: str


class DemoHosts:
    """Accounts with the mark `auth.demo: host`; only a database that a demo has founded may have any."""

    def __init__(self, database: Database, credentials: Credentials) -> None:
        self._database = database
        self._users = database["users"]
        self._rows = database["email_addresses"]
        self._counters = Counters(database)
        self._credentials = credentials

    async def belongs_to_demo(self) -> bool:
        """Tell whether the people here were founded by a demo: one of them carries its mark."""
        return await self._users.find_one({"auth.demo": {"$in": ["founder", MARK]}}, {"_id": 1}) is not None

    async def find(self, email: str) -> Document | None:
        """Find a host by address; whoever else has it is none."""
        return await self._users.find_one({"email_lower": email.lower(), "auth.demo": MARK})

    async def listed(self) -> Sequence[Document]:
        """Return the hosts that are still there, in the order in which they came."""
        found = self._users.find({"auth.demo": MARK, "is_active": {"$ne": False}})
        return await found.sort("id", 1).to_list(None)

    async def admit(self, host: Host) -> Document:
        """Make a host's account with a proven address; raises Taken for somebody's address or name."""
        settler = host.settler
        person = make_person(await self._counters.take("users"), settler, MARK)
        person |= {"password": host.hashed, "set_password": True, "klub": {"username": host.username}}
        person["auth"] |= {"seal": host.seal, "origin": "demo"}
        number = await self._counters.take("email_addresses")
        row = make_row(number, person["_id"], settler.email, verified=True)

        async def work(session: Session) -> None:
            await self._rows.insert_one(row, session=session)
            await self._users.insert_one(person, session=session)

        try:
            await self._database.transaction(work)
        except PyMongoError as error:
            if is_duplicate(error):
                raise Taken("email") from error
            raise
        return person

    async def rekey(self, person: Document, host: Host) -> None:
        """Give a host the demo's password again: another was set, or the signing key is another."""

        async def work(session: Session) -> None:
            await self._credentials.set_password(Ending(Event.CHANGED, person), host.hashed, session)
            sealed = {"$set": {"auth.seal": host.seal}}
            await self._users.update_one({"_id": person["_id"]}, sealed, session=session)

        await self._database.transaction(work)

    async def settle(self, oid: ObjectId, values: Mapping[str, Any]) -> None:
        """Store what no dialect's own call sets, and that everything else is done."""
        changes = {"$set": {**values, "auth.settled": True}}
        await self._users.update_one({"_id": oid}, changes)
