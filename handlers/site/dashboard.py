"""What the pages need beside the dialects' calls."""

from __future__ import annotations

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.site.answers import PollWords
from handlers.site.rules import SiteHandler, read_number


class PollWordsHandler(SiteHandler):
    """What a poll asks; tallies carry numbers alone."""

    @operation(returns=PollWords)
    async def get(self, poll_id: str) -> dict[str, object]:
        """Return a poll's question and the labels of its options."""
        words = await self.stores.polls.words(read_number(poll_id, "poll"))
        return {"question": words.question, "options": words.options}


ROUTES = (Route("/dashboard/polls/{poll_id}", PollWordsHandler),)
