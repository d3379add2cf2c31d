"""Profiles of a Know Me user."""

from __future__ import annotations

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.core.rest.fields import as_patch
from handlers.knowme.objects import ProfileDetail, ProfileObject
from handlers.knowme.schemas import ProfileBody
from handlers.knowme.topics import TopicShower
from handlers.knowme.users import TreeHandler
from storage.belongings import KnowMeUser, Profile


class ProfilesHandler(TreeHandler):
    """The profiles of a Know Me user."""

    user: KnowMeUser

    async def find(self, user: int) -> None:
        """Find the Know Me user."""
        self.user = await self.knowme.users.find(self.owner.oid, user)

    @operation(returns=list[ProfileObject])
    async def get(self) -> list[ProfileObject]:
        """List the profiles."""
        return [
            self.objects.profile(each)
            for each in await self.knowme.profiles.within(self.owner.oid, self.user.id)
        ]

    @operation(body=ProfileBody, returns=ProfileObject, status=201)
    async def post(self, body: ProfileBody) -> ProfileObject:
        """Make a profile; other default profiles stay what they are."""
        made = await self.knowme.profiles.add(self.owner.oid, body.model_dump(), parent=self.user.id)
        return self.objects.profile(made)


class ProfileHandler(TopicShower):
    """One profile."""

    profile: Profile

    async def find(self, profile: int) -> None:
        """Find the profile."""
        self.profile = await self.knowme.profiles.find(self.owner.oid, profile)

    async def show(self) -> ProfileDetail:
        """Return the profile with everything below it."""
        topics = await self.knowme.topics.within(self.owner.oid, self.profile.id)
        return self.objects.profile_detail(self.profile, await self.show_topics(topics))

    @operation(returns=ProfileDetail)
    async def get(self) -> ProfileDetail:
        """Return the profile, fully expanded."""
        return await self.show()

    async def change(self, body: ProfileBody) -> ProfileDetail:
        """Change what is sent."""
        self.profile = await self.knowme.profiles.change(self.owner.oid, self.profile.id, body.changes)
        return await self.show()

    patch = operation(body=as_patch(ProfileBody), returns=ProfileDetail)(change)
    put = operation(body=ProfileBody, returns=ProfileDetail)(change)


ROUTES = (
    Route("/know-me/users/{user}/profiles/", ProfilesHandler),
    Route("/know-me/profiles/{profile}/", ProfileHandler),
)
