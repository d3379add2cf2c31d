"""Asking once more for the link that proves an address."""

from __future__ import annotations

from handlers.core.dialect import Route
from handlers.core.errors import NotFound
from handlers.core.operation import operation
from handlers.pybossa import answers
from handlers.pybossa.mails import Letterhead
from handlers.pybossa.rules import Access, Moved, Outcome, PyBossaHandler, profile_path
from storage.pybossa.revision import Proof

SENT = "An e-mail has been sent to validate your e-mail address."


class ConfirmEmailHandler(PyBossaHandler):
    """Mails the link."""

    @operation(access=Access.SIGNED_IN, returns=answers.Moved)
    async def get(self) -> Outcome:
        """Mail a link to the caller's pending address, or to the primary one, unless that is proven."""
        settings, user = self.services.settings, self.caller
        if settings.account_confirmation_disabled:
            raise NotFound
        email = user.pending_email or user.email
        if not user.valid_email and email:
            await self.count("mails_per_address", f"pybossa confirm {email.lower()}")
            letterhead, seconds = Letterhead(settings, self.base_url), settings.account_link_expiration
            proof = Proof(email, seconds, lambda key: letterhead.verification(email, key))
            await self.stores.revision.ask(user, proof)
            self.browser.tell(SENT, "info")
        return Moved(profile_path(user))


ROUTES = (Route("/account/confirm-email", ConfirmEmailHandler),)
