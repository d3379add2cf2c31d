"""The question whether somebody wants the newsletter."""

from __future__ import annotations

from pydantic import Field

from handlers.core.dialect import Route
from handlers.core.mailing_list import list_jobs
from handlers.core.operation import operation
from handlers.pybossa import answers
from handlers.pybossa.rules import HOME, Access, Moved, NextQuery, Outcome, Page, PyBossaHandler

SUBSCRIBED = "You are subscribed to our newsletter"
ANSWERS = {"true": True, "false": False}


class NewsletterQuery(NextQuery):
    """An answer to the question, and where to go afterwards."""

    subscribe: str = Field("", description="`true` or `false`; anything else is no answer")


class NewsletterHandler(PyBossaHandler):
    """Asks, and takes the answer."""

    @operation(access=Access.SIGNED_IN, query=NewsletterQuery, returns=answers.Moved)
    async def get(self, query: NewsletterQuery) -> Outcome:
        """Show the question, or note the answer of the query; nobody is asked again."""
        answer = ANSWERS.get(query.subscribe.lower())
        path, oid = query.next or HOME, self.caller.oid
        fields = {"newsletter_prompted": True} | ({} if answer is None else {"newsletter": answer})
        await self.stores.pybossa.change(oid, fields)
        if answer is None:
            return Page("account/newsletter.html", {"next": path, "title": "Subscribe to our Newsletter"})
        if answer:
            for job in list_jobs(self.services.settings, await self.stores.accounts.document(oid)):
                await self.stores.jobs.promise(job)
            self.browser.tell(SUBSCRIBED, "success")
        return Moved(path)


ROUTES = (Route("/account/newsletter", NewsletterHandler),)
