"""The four mails of Know Me: plain text, the link before everything that people can choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handlers.core.mail import Mail
from settings import Settings
from storage.jobs import NewJob

CONFIRM = "Please Confirm Your Know Me Email"
ADDED = "Email Added to Your Know Me Account"
RESET = "Instructions to Reset Your Know Me Password"
CHANGED = "Your Know Me Password was Changed"


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What all mails share: where links lead, and who sends."""

    settings: Settings
    sender: str

    def write(self, to: str, subject: str, *paragraphs: str) -> NewJob:
        """Make a mail and the job that sends it."""
        text = "\n\n".join(paragraphs) + "\n"
        return Mail(to=to, subject=subject, text=text, sender=self.sender).job()

    def confirm(self, to: str, person: Mapping[str, Any], key: str) -> NewJob:
        """Ask an address for its proof."""
        return self.write(
            to,
            CONFIRM,
            "Please confirm that this is your e-mail address:",
            self.settings.email_confirmation_link_template.replace("{key}", key),
            f"It was entered for the Know Me account of {name_of(person)}. "
            "If that isn't you, there is nothing to do.",
        )

    def added(self, person: Mapping[str, Any], address: str) -> list[NewJob]:
        """Tell the primary address that another one was added."""
        return self._tell(
            person,
            ADDED,
            f"Hello {name_of(person)},",
            f"the e-mail address {address} was added to your Know Me account.",
            "If that wasn't you, please change your password.",
        )

    def reset(self, to: str, person: Mapping[str, Any], key: str) -> NewJob:
        """Send the link that sets a new password."""
        return self.write(
            to,
            RESET,
            "Set a new password for your Know Me account here:",
            self.settings.password_reset_link_template.replace("{key}", key),
            f"This was asked for in the name of {name_of(person)}. "
            "If that wasn't you, nothing has happened, and there is nothing to do.",
        )

    def changed(self, person: Mapping[str, Any]) -> list[NewJob]:
        """Tell the primary address that the password is another."""
        return self._tell(
            person,
            CHANGED,
            f"Hello {name_of(person)},",
            "the password of your Know Me account was changed.",
            "If that wasn't you, please reset your password.",
        )

    def _tell(self, person: Mapping[str, Any], subject: str, *paragraphs: str) -> list[NewJob]:
        """Write to the primary address; an import may have brought people without any."""
        return [self.write(person["email"], subject, *paragraphs)] if person.get("email") else []


def name_of(person: Mapping[str, Any]) -> str:
    """Return how a person is addressed, on one line."""
    return " ".join(str(person.get("fname") or "").split()) or "somebody without a name"
