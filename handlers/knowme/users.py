"""Know Me users: one for an account at most."""

from __future__ import annotations

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.core.rest.handler import Refused
from handlers.knowme.objects import Objects, UserDetail, UserObject
from handlers.knowme.rules import KnowMeHandler
from handlers.knowme.schemas import UserBody
from storage.belongings import KnowMeUser
from storage.errors import Taken
from storage.knowme import KnowMe

ONLY_ONE = "Users may not have more than one Know Me account."


class TreeHandler(KnowMeHandler):
    """What the paths below /know-me/ share."""

    @property
    def knowme(self) -> KnowMe:
        """Return the store."""
        return self.stores.knowme

    @property
    def objects(self) -> Objects:
        """Return what makes this request's answers."""
        return Objects(self.base_url)


class NamedHandler(TreeHandler):
    """Shows users under the name that is theirs now."""

    async def name_of(self, user: KnowMeUser) -> str:
        """Return the user's own name, else the account's first name."""
        return user.name or await self.knowme.first_name(self.owner.oid)


class UsersHandler(NamedHandler):
    """The account's Know Me users: none or one."""

    @operation(returns=list[UserObject])
    async def get(self) -> list[UserObject]:
        """Return the account's Know Me user, in a list."""
        user = await self.knowme.user_of(self.owner.oid)
        return [self.objects.user(user, await self.name_of(user))] if user is not None else []

    @operation(body=UserBody, returns=UserObject, status=201)
    async def post(self, body: UserBody) -> UserObject:
        """Make the account's Know Me user."""
        try:
            user = await self.knowme.add_user(self.owner.oid, {"name": None, "quote": None, **body.changes})
        except Taken:
            raise Refused(400, [ONLY_ONE]) from None
        return self.objects.user(user, await self.name_of(user))


class UserHandler(NamedHandler):
    """One Know Me user."""

    user: KnowMeUser

    async def find(self, user: int) -> None:
        """Find the Know Me user."""
        self.user = await self.knowme.users.find(self.owner.oid, user)

    async def show(self) -> UserDetail:
        """Return the user with its profiles."""
        profiles = await self.knowme.profiles.within(self.owner.oid, self.user.id)
        return self.objects.user_detail(self.user, await self.name_of(self.user), profiles)

    @operation(returns=UserDetail)
    async def get(self) -> UserDetail:
        """Return the user with its profiles."""
        return await self.show()

    async def change(self, body: UserBody) -> UserDetail:
        """Change name or quote; never the account."""
        self.user = await self.knowme.users.change(self.owner.oid, self.user.id, body.changes)
        return await self.show()

    patch = put = operation(body=UserBody, returns=UserDetail)(change)


ROUTES = (Route("/know-me/users/", UsersHandler), Route("/know-me/users/{user}/", UserHandler))
