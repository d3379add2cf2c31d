"""The accounts of all dialects, as organizers look for people."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field
from tornado.iostream import StreamClosedError

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.klub.access import ORGANIZERS
from handlers.klub.browse import Form
from handlers.klub.rules import KlubHandler
from storage.klub.directory import Entry, Telephone

PIECE = 500  # people that are sent together


@dataclass(frozen=True, slots=True)
class UserObject:
    """A person."""

    id: int
    first_name: str
    last_name: str
    nickname: str
    email: str | None
    telephone_set: Sequence[Telephone]
    city: str

    @classmethod
    def of(cls, found: Entry) -> UserObject:
        """Show a person."""
        names = (found.first_name, found.last_name, found.nickname)
        return cls(found.id, *names, found.email, found.telephones, found.city)


class UsersQuery(BaseModel):
    """Whom to look for."""

    model_config = ConfigDict(extra="ignore")

    q: str = Field("", description="a part of a name or an address, or a first and a last name")


class UsersHandler(KlubHandler):
    """All accounts."""

    @operation(access=ORGANIZERS, query=UsersQuery, returns=list[UserObject])
    async def get(self, query: UsersQuery) -> Sequence[UserObject]:
        """List people, all of them or those that `q` may mean."""
        found = self.stores.directory.search(query.q)
        if self.choose_form() is Form.PAGE:
            return [UserObject.of(each) async for each in found]
        await self.stream(found)
        return ()

    async def stream(self, found: AsyncIterator[Entry]) -> None:
        """Send a list piece by piece: it may be longer than what should be held at once."""
        self.dress(b"[]")
        pending, opening = list[UserObject](), b"["
        try:
            async for each in found:
                pending.append(UserObject.of(each))
                if len(pending) == PIECE:
                    self.write(opening + self.encode(pending)[1:-1])
                    await self.flush()
                    pending, opening = [], b","
            rest = self.encode(pending)[1:-1]
            await self.finish((opening if rest or opening == b"[" else b"") + rest + b"]")
        except StreamClosedError:
            self.finish()


class UserHandler(KlubHandler):
    """One account."""

    person: Entry

    async def find(self, user: int) -> None:
        """Find the account."""
        self.person = await self.stores.directory.find(user)

    @operation(access=ORGANIZERS, returns=UserObject)
    async def get(self) -> UserObject:
        """Return a person."""
        return UserObject.of(self.person)


ROUTES = (
    Route("/api/frontend/users/", UsersHandler),
    Route("/api/frontend/users/{user}/", UserHandler),
)
