"""The community's index: who is here, who leads, what is new."""

from __future__ import annotations

import time

from handlers.core.dialect import Route
from handlers.core.errors import NotFound
from handlers.core.operation import operation
from handlers.pybossa.answers import Community
from handlers.pybossa.objects import Object, list_row, own_row
from handlers.pybossa.rules import Outcome, Page, PyBossaHandler
from storage.pybossa.people import show
from storage.pybossa.ranking import PER_PAGE

LARGEST = 2**63 - 1


class IndexHandler(PyBossaHandler):
    """The index, page by page."""

    @operation(returns=Community)
    async def get(self, number: str = "1") -> Outcome:
        """List the people who contribute, newest first, with the top list and the newest events."""
        page = read_number(number)
        ranking, now = self.stores.pybossa.ranking, time.time()
        rows, listed = await ranking.page(page)
        if not rows and page > 1:
            raise NotFound
        joined = await ranking.joined()
        fields = {
            "accounts": [list_row(show(row), row["pybossa"].get("score", 0), now) for row in rows],
            "pagination": {
                "next": page * PER_PAGE < listed,
                "page": page,
                "per_page": PER_PAGE,
                "prev": page > 1,
                "total": listed,
            },
            "title": "Community",
            "top_users": await self.list_leaders(),
            "total": joined,
            "update_feed": await self.stores.feed.newest(),
        }
        return Page("account/index.html", fields)

    async def list_leaders(self) -> list[Object]:
        """Return the top list, the caller's own row once more behind it."""
        ranking = self.stores.pybossa.ranking
        leaders = await ranking.top(self.services.settings.leaderboard)
        if self.user is None or self.user.restrict:
            return leaders
        return [*leaders, own_row(self.user, await ranking.standing(self.user))]


def read_number(text: str) -> int:
    """Read the number of a page; raises NotFound for what is none."""
    if not (text.isascii() and text.isdigit() and len(text) <= 40 and 1 <= int(text) <= LARGEST):
        raise NotFound
    return int(text)


ROUTES = (
    Route("/account", IndexHandler),
    Route("/account/", IndexHandler),
    Route("/account/page/{number}", IndexHandler),
)
