"""What the pages need beside the dialects' calls."""

from __future__ import annotations

from handlers.core.dialect import Route
from handlers.core.errors import NotFound
from handlers.core.operation import operation
from handlers.site.answers import PollWords
from handlers.site.rules import SiteHandler


class PollWordsHandler(SiteHandler):
    """What a poll asks; tallies carry numbers alone."""

    @operation(returns=PollWords)
    async def get(self, poll_id: str) -> dict[str, object]:
        """Return a poll's question and the labels of its options."""
        if not (poll_id.isascii() and poll_id.isdigit() and len(poll_id) <= 18):
            raise NotFound
        words = await self.stores.polls.words(int(poll_id))
        return {"question": words.question, "options": words.options}


ROUTES = (Route("/dashboard/polls/{poll_id}", PollWordsHandler),)
