"""What people may ask for about their data: all of it in a file, or that all of it goes."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.core.dialect import Route
from handlers.core.errors import Denied
from handlers.core.operation import operation
from handlers.pybossa import answers
from handlers.pybossa.mails import Letterhead
from handlers.pybossa.rules import Access, Content, Moved, Outcome, PyBossaHandler, profile_path
from storage.jobs import NewJob

STARTED = "GDPR export started"
OWN_SITES = frozenset({"same-origin", "none"})
DAY = 86_400  # seconds


class PrivacyHandler(PyBossaHandler):
    """The base of calls that do something though they are a GET."""

    def refuse_other_sites(self) -> None:
        """Refuse what another site's page has set off: a link must not delete who follows it."""
        if self.request.headers.get("Sec-Fetch-Site", "none").lower() not in OWN_SITES:
            raise Denied("This has to be asked for from a page of this site.")

    @property
    def letterhead(self) -> Letterhead:
        """Return what mails are written with."""
        return Letterhead(self.services.settings, self.base_url)


class DeleteHandler(PrivacyHandler):
    """Deletes accounts, by and by."""

    @operation(access=Access.OWNER, returns=answers.Enqueued)
    async def get(self, name: str) -> Outcome:
        """Queue the deletion of the caller's account."""
        self.refuse_other_sites()
        await self.stores.departures.request(self.owner.oid, self.owner.id, self.farewells())
        if self.wants_json:
            return Content({"job": "enqueued", "template": None})
        return Moved("/account/signout")

    def farewells(self) -> list[NewJob]:
        """Write the last mails: to the person, and to each admin."""
        brand, user = self.services.settings.brand, self.owner
        subject = f"[{brand}]: Your account has been deleted"
        told = f"Your account {user.name} at {brand} has been deleted, and everything that named you."
        mails = self.letterhead.write(user.email, subject, told, closing="") if user.email else []
        for admin in self.services.settings.admins:
            about = f"The account {user.name} at {brand} has been deleted at its owner's wish."
            mails += self.letterhead.write(admin, subject, about, closing="")
        return mails


class ExportHandler(PrivacyHandler):
    """Collects data, by and by."""

    @operation(access=Access.OWNER, returns=answers.Moved)
    async def get(self, name: str) -> Outcome:
        """Queue an export of what is stored about the caller."""
        self.refuse_other_sites()
        await self.count("exports_per_user", f"pybossa {self.owner.id}")
        days = self.services.settings.ttl_zip_sec_files
        await self.stores.exports.order(self.owner, days * DAY, self.announce)
        self.browser.tell(STARTED, "success")
        return Moved(profile_path(self.owner))

    def announce(self, paths: Sequence[str]) -> list[NewJob]:
        """Write the mail with the links to the files."""
        settings, user = self.services.settings, self.owner
        if not user.email:
            return []
        base = settings.spa_server_name or self.base_url
        days = settings.ttl_zip_sec_files
        opening = f"This is what {settings.brand} stores about you. The links are good for {days} days:"
        links = [f"{base}/{path}" for path in paths]
        return self.letterhead.write(user.email, "Your personal data", opening, links, closing="")


ROUTES = (
    Route("/account/{name}/delete", DeleteHandler),
    Route("/account/{name}/export", ExportHandler),
)
