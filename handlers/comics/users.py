"""Accounts: each sees itself, which is how a client turns e-mail and password into a key."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from handlers.comics.answers import Listed, UserObject
from handlers.comics.credentials import Access, PasswordHandler
from handlers.comics.details import DetailHandler
from handlers.comics.fields import RESOURCES
from handlers.comics.lists import ListHandler
from handlers.core.dialect import Route
from handlers.core.operation import operation
from storage.comics.keys import Reader
from storage.comics.listing import Listing


class Oneself(Listing[Reader]):
    """The list of the one account that everybody may see."""

    def __init__(self, reader: Reader) -> None:
        self._all = [reader]

    async def total(self) -> int:
        """Count it."""
        return 1

    async def window(self, offset: int, limit: int) -> Sequence[Reader]:
        """Return it, or nothing behind it."""
        return self._all[offset : offset + limit]

    async def stream(self, offset: int) -> AsyncIterator[Sequence[Reader]]:
        """Return it in one batch."""
        yield self._all[offset:]


class UsersListHandler(PasswordHandler, ListHandler):
    """The caller's account, as a list."""

    resource = RESOURCES["users"]

    @operation(access=Access.KEY_OR_PASSWORD, returns=Listed[UserObject])
    async def get(self) -> None:
        """List oneself."""
        await self.send_list(lambda _: Oneself(self.reader), self.objects.user)


class UserHandler(PasswordHandler, DetailHandler):
    """The caller's account."""

    async def find(self, number: int) -> Reader | None:
        """Find oneself, and nobody else."""
        return self.reader if number == self.reader.id else None

    @operation(access=Access.KEY_OR_PASSWORD, returns=UserObject)
    async def get(self) -> None:
        """Show oneself."""
        self.send(self.objects.user(self.reader), "object")


ROUTES = (
    Route("/api/v1/users/", UsersListHandler, slashless=True),
    Route("/api/v1/users/{id}/", UserHandler, slashless=True),
)
