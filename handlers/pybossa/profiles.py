"""Pages about one person: everybody's view, one's own, one's projects."""

from __future__ import annotations

import time
from typing import Any

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.pybossa import answers
from handlers.pybossa.objects import list_public, own_user, public_user, split_own
from handlers.pybossa.rules import SIGN_IN, Access, Moved, Outcome, Page, PyBossaHandler, profile_path
from storage.pybossa.people import PyBossaUser

HIDDEN = "User data is restricted"


class ProfileHandler(PyBossaHandler):
    """Somebody's page."""

    @operation(returns=answers.OwnPage | answers.PublicPage)
    async def get(self, name: str) -> Outcome:
        """Show a person, or to themselves all of their data."""
        person = await self.find_person(name)
        if self.user is not None and self.user.oid == person.oid:
            return await self.show_own(person)
        return await self.show_public(person)

    async def show_own(self, person: PyBossaUser) -> Page:
        """Return a person's own page."""
        owned = await self.stores.projects.owned_by(person.id)
        community = self.stores.pybossa.ranking
        standing, total = await community.standing(person), await community.joined()
        fields = {
            "can_update": True,
            "form": None,
            "projects_contrib": list_public(await self.stores.projects.contributed_by(person.id)),
            "projects_created": list_public([each for each in owned if each.published]),
            **split_own(owned),
            "title": "Profile",
            "user": own_user(person, standing, total, time.time()),
        }
        return Page("account/profile.html", fields)

    async def show_public(self, person: PyBossaUser) -> Page:
        """Return what others see; of restricted people that is nothing, whoever looks."""
        admin = self.user is not None and self.user.admin and not person.restrict
        fields: dict[str, Any] = {"can_update": admin, "form": None, "input_form": False}
        if person.restrict:
            lists: dict[str, Any] = {"projects": [], "projects_contrib": [], "projects_created": []}
            fields |= {**lists, "title": HIDDEN, "user": None}
        else:
            fields |= await self.describe_public(person, drafts=admin)
        return Page("/account/public_profile.html", fields)

    async def describe_public(self, person: PyBossaUser, *, drafts: bool) -> dict[str, Any]:
        """Return somebody's data and projects; drafts come last, where they come at all."""
        owned = await self.stores.projects.owned_by(person.id)
        shown = [each for each in owned if each.published]
        shown += [each for each in owned if drafts and not each.published]
        contributed = list_public(await self.stores.projects.contributed_by(person.id))
        standing = await self.stores.pybossa.ranking.standing(person)
        return {
            "projects": contributed,
            "projects_contrib": contributed,
            "projects_created": list_public(shown),
            "title": f"{person.fullname} \u00b7 User Profile",
            "user": public_user(person, standing, time.time()),
        }


class OwnProfileHandler(ProfileHandler):
    """The page of whoever asks."""

    @operation(returns=answers.OwnPage | answers.NotSignedIn)
    async def get(self) -> Outcome:
        """Show the caller's data, or the way there."""
        if self.user is None:
            return Moved(SIGN_IN, {"status": "not_signed_in"})
        return await self.show_own(self.user) if self.wants_json else Moved(profile_path(self.user))


class ProjectsHandler(PyBossaHandler):
    """Somebody's own projects."""

    @operation(access=Access.OWNER, returns=answers.OwnProjects)
    async def get(self, name: str) -> Outcome:
        """List the caller's projects, drafts apart."""
        own = split_own(await self.stores.projects.owned_by(self.owner.id))
        return Page("account/projects.html", {**own, "title": "Projects"})


OWN_ROUTES = (Route("/account/profile", OwnProfileHandler),)
ROUTES = (
    Route("/account/{name}", ProfileHandler),
    Route("/account/{name}/", ProfileHandler),
    Route("/account/{name}/projects", ProjectsHandler),
    Route("/account/{name}/applications", ProjectsHandler),
)
