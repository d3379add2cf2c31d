"""The key by which programs act for a person."""

from __future__ import annotations

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.pybossa import answers
from handlers.pybossa.rules import Access, Content, Moved, Outcome, PyBossaHandler, profile_path

RESET = "New API-KEY generated"


class ApiKeyHandler(PyBossaHandler):
    """Replaces keys."""

    @operation(access=Access.SIGNED_IN, returns=answers.OnlyForm)
    async def get(self, name: str) -> Outcome:
        """Return the form: a CSRF token is all that is in it, whoever the path names."""
        return Content({"form": {"csrf": await self.browser.make_token()}})

    @operation(access=Access.OWNER_OR_ADMIN, returns=answers.Moved)
    async def post(self, name: str) -> Outcome:
        """Make another key; the former one is good for nothing from now on."""
        await self.stores.pybossa.reset_api_key(self.owner.oid)
        self.browser.tell(RESET, "success")
        return Moved(profile_path(self.owner))


ROUTES = (Route("/account/{name}/resetapikey", ApiKeyHandler),)
