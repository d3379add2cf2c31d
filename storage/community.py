"""Demo people: made in groups, marked as what they are, so that nobody real is ever moved by a demo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from storage.addresses import make_row
from storage.counters import Counters
from storage.database import Database, is_duplicate
from storage.driver import Document, ObjectId, PyMongoError, Session
from storage.errors import Taken
from storage.person import new_person

Mark = Literal["founder", "newcomer", "host"]


@dataclass(frozen=True, slots=True)
class Settler:
    """A person to be: what members set themselves, what the server sets, when they joined (Unix seconds)."""

    email: str
    fields: Mapping[str, Any]
    standing: Mapping[str, Any]
    joined: float


class Community:
    """Adds and finds demo people; the mark is the private field `auth.demo`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._users = database["users"]
        self._rows = database["email_addresses"]
        self._log = database["log"]
        self._counters = Counters(database)

    async def is_empty(self) -> bool:
        """Tell whether there is nobody yet, demo or real."""
        return await self._users.find_one({}, {"_id": 1}) is None

    async def residents(self, *marks: Mark) -> list[ObjectId]:
        """Return the demo people with one of the marks, in the order in which they came."""
        rows = self._users.find({"auth.demo": {"$in": list(marks)}}, {"_id": 1}).sort("id", 1)
        return [row["_id"] async for row in rows]

    async def settle(self, settlers: Sequence[Settler], mark: Mark) -> list[ObjectId]:
        """Make a group of people with verified or open addresses, all or nothing; raises Taken."""
        first = await self._counters.take("users", count=len(settlers))
        people = [make_person(first + place, settler, mark) for place, settler in enumerate(settlers)]
        first = await self._counters.take("email_addresses", count=len(settlers))
        rows = [
            make_row(first + place, person["_id"], person["email"], verified=person["email_validated"])
            for place, person in enumerate(people)
        ]

        async def work(session: Session) -> None:
            await self._rows.insert_many(rows, ordered=False, session=session)
            await self._users.insert_many(people, ordered=False, session=session)

        try:
            await self._database.transaction(work)
        except PyMongoError as error:
            if is_duplicate(error):
                raise Taken("email") from error
            raise
        return [person["_id"] for person in people]

    async def forget(self, oid: ObjectId) -> None:
        """Take the note of a demo person's deletion away: those who come and go would fill the log."""
        await self._log.delete_many({"action": "deleted_user", "data.user_id": oid})


def make_person(number: int, settler: Settler, mark: Mark) -> Document:
    """Make the document of a demo person."""
    person = new_person(number, settler.email, settler.fields, now=settler.joined, ip=None)
    return {**person, **settler.standing, "auth": {**person["auth"], "demo": mark}}
