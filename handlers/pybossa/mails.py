"""The mails of PyBossa: one with a link is finished text, the link on a line of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from handlers.core.mail import Mail, usual_sender
from handlers.core.pages import open_pages
from handlers.pybossa.rules import TEMPLATES
from settings import Settings
from storage.jobs import NewJob

CONFIRMATION, RESET = "/account/register/confirmation", "/account/reset-password"
NOT_YOU = "If you did not ask for this, there is nothing to do."


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What all mails share; `base_url` is what their links begin with."""

    settings: Settings
    base_url: str

    def registration(self, to: str, key: str) -> list[NewJob]:
        """Ask a new address for its proof."""
        brand = self.settings.brand
        opening = f"Welcome to {brand}! Open this link to finish your registration:"
        return self.write(to, f"Welcome to {brand}!", opening, [self._link(CONFIRMATION, key)])

    def new_address(self, to: str, key: str) -> list[NewJob]:
        """Ask the address that is to take the place of another one for its proof."""
        brand = self.settings.brand
        subject = f"You have updated your email in {brand}! Verify it"
        opening = f"Open this link to make this the e-mail address of your account at {brand}:"
        return self.write(to, subject, opening, [self._link(CONFIRMATION, key)])

    def verification(self, to: str, key: str) -> list[NewJob]:
        """Ask an account's address for its proof."""
        brand = self.settings.brand
        opening = f"Open this link to verify the e-mail address of your account at {brand}:"
        return self.write(to, f"Verify your email in {brand}", opening, [self._link(CONFIRMATION, key)])

    def recovery(self, to: str, key: str) -> list[NewJob]:
        """Send the link that sets a new password."""
        opening = f"Open this link to set a new password for your account at {self.settings.brand}:"
        return self.write(to, "Account Recovery", opening, [self._link(RESET, key)])

    def write(
        self, to: str, subject: str, opening: str, links: Sequence[str] = (), closing: str = NOT_YOU
    ) -> list[NewJob]:
        """Make a mail and the job that sends it; domains that get none have no job."""
        if to.rpartition("@")[2].lower() in self.settings.spam:
            return []
        text = "\n\n".join(part for part in (opening, "\n".join(links), closing) if part) + "\n"
        values: dict[str, Any] = {"opening": opening, "links": links, "closing": closing}
        page = open_pages(TEMPLATES).render("mail.html", brand=self.settings.brand, **values)
        sender = usual_sender(self.settings.email_from, self.base_url)
        return [Mail(to=to, subject=subject, text=text, sender=sender, html=page.decode()).job()]

    def _link(self, path: str, key: str) -> str:
        return f"{self.settings.spa_server_name or self.base_url}{path}?key={key}"
