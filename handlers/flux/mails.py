"""The mails of the members' dialect: plain text, links on lines of their own."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.core.mail import Mail, usual_sender
from settings import Settings

SUBJECTS = {
    "welcome": "Welcome: please confirm your e-mail address",
    "new_address": "Please confirm your new e-mail address",
    "former_address": "Your e-mail address was changed",
    "member_link": "Your member link",
    "magic_link": "Sign in to the app",
    "vote_link": "Your link to the vote",
    "deleted": "Your membership was deleted",
}


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What all mails of one request share: where links lead and who sends."""

    settings: Settings
    base_url: str

    @property
    def sender(self) -> str:
        """Return the From of every mail."""
        return usual_sender(self.settings.email_from, self.base_url)

    def member_link(self, secret: str) -> str:
        """Return the link that signs a member in."""
        own = f"{self.base_url}/static/html/member_details.html?s={{s}}"
        return (self.settings.flux_member_link_template or own).replace("{s}", secret)

    def vote_link(self, secret: str) -> str:
        """Return the link that lets a member vote."""
        own = f"{self.base_url}/static/html/soft_launch_iiccot.html?s={{s}}"
        return (self.settings.flux_vote_link_template or own).replace("{s}", secret)

    def proof_link(self, token: str) -> str:
        """Return the link that proves an address."""
        return f"{self.base_url}/api/v0/validate_email/{token}"

    def write(self, to: str, subject: str, *paragraphs: str) -> Mail:
        """Make a mail."""
        return Mail(to=to, subject=SUBJECTS[subject], text="\n\n".join(paragraphs) + "\n", sender=self.sender)

    def welcome(self, to: str, secret: str, token: str) -> Mail:
        """Greet a new member: the member link and the proof of the address."""
        return self.write(
            to,
            "welcome",
            "Thank you for signing up. See and change your details here:",
            self.member_link(secret),
            "Please confirm that this is your address:",
            self.proof_link(token),
            "The first link is your key: don't pass it on.",
        )

    def new_address(self, to: str, secret: str, token: str) -> Mail:
        """Ask the new address for its proof."""
        return self.write(
            to,
            "new_address",
            "This address was entered for your membership. See and change your details here:",
            self.member_link(secret),
            "Please confirm that this is your address:",
            self.proof_link(token),
        )

    def former_address(self, to: str) -> Mail:
        """Tell the address that was replaced."""
        return self.write(
            to,
            "former_address",
            "The e-mail address of your membership was changed; this one is no longer used.",
            "If that wasn't you, please answer this mail at once.",
        )

    def sent_link(self, to: str, secret: str) -> Mail:
        """Send the member link to whoever asked for it."""
        return self.write(
            to,
            "member_link",
            "You asked for the link to your membership:",
            self.member_link(secret),
            "It is your key: don't pass it on. If you did not ask for it, nothing has happened.",
        )

    def magic_link(self, to: str, token: str) -> Mail:
        """Send the link that opens the app, once."""
        return self.write(
            to,
            "magic_link",
            "Open this link on the device that has the app:",
            f"fluxapp://sign_in/magic_link/{token}",
            "It signs you in once. If you did not ask for it, nothing has happened.",
        )

    def sent_vote_link(self, to: str, secret: str) -> Mail:
        """Send the link to the vote to whoever asked for it."""
        return self.write(
            to,
            "vote_link",
            "You asked for the link to your vote:",
            self.vote_link(secret),
            "It is your key: don't pass it on. If you did not ask for it, nothing has happened.",
        )

    def deleted(self, to: str) -> Mail:
        """Confirm that a person was deleted."""
        return self.write(
            to,
            "deleted",
            "Your membership was deleted, as you asked, with your details and your votes.",
            "If that wasn't you, please answer this mail at once.",
        )
