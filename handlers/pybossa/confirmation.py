"""What mailed links that prove an address lead to."""

from __future__ import annotations

from typing import Never

from pydantic import BaseModel

from handlers.core.dialect import Route
from handlers.core.errors import Denied
from handlers.core.operation import operation
from handlers.pybossa import answers
from handlers.pybossa.register import THANKS
from handlers.pybossa.rules import HOME, Moved, Outcome, PyBossaHandler
from storage.errors import NotFound, Taken
from storage.pybossa.pending import Confirmed

VALIDATED = "Your email has been validated."
LONGEST_KEY = 200


class KeyQuery(BaseModel):
    """What a mailed link carries."""

    key: str = ""


class ConfirmationHandler(PyBossaHandler):
    """Makes the account of a registration, or proves an address of an account; signs in."""

    @operation(query=KeyQuery, returns=answers.Moved)
    async def get(self, query: KeyQuery) -> Outcome:
        """Use a mailed link; a key belongs to one registration or one account, whoever has the name now."""
        confirmed = await self.redeem(query.key)
        entered = confirmed.entered
        self.browser.enter(entered.user, entered.opened)
        self.browser.tell(*((THANKS, "success") if entered.made else (VALIDATED, "message")))
        return Moved(confirmed.next or HOME)

    async def redeem(self, key: str) -> Confirmed:
        """Find what a key is for, and do it; raises Denied."""
        if not 1 <= len(key) <= LONGEST_KEY:
            refuse()
        visit = self.browser.visit
        try:
            return await self.stores.pending.redeem(key, visit)
        except Taken:
            refuse()
        except NotFound:
            pass
        try:
            return Confirmed(await self.stores.links.redeem(key, visit), None)
        except (NotFound, Taken):
            refuse()


def refuse() -> Never:
    """Say that a link can't be used."""
    raise Denied("This link is not good, or not any more.")


ROUTES = (Route("/account/register/confirmation", ConfirmationHandler),)
