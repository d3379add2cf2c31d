"""Setting a password by a mailed link."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from handlers.core.dialect import Route
from handlers.core.mail import Mail, read_sender, usual_sender
from handlers.core.operation import operation
from handlers.core.rest.fields import Body, text
from handlers.core.rest.handler import Refused
from handlers.klub.access import ANYONE
from handlers.klub.fields import LowerEmail, NewPassword
from handlers.klub.rules import EMPTY, KlubHandler
from settings import Settings
from storage.driver import Document
from storage.errors import NotFound
from storage.jobs import NewJob
from storage.klub.senders import Senders
from storage.resets import Offered, Reset, Resets

KIND = "klub_password_reset"
SUBJECT = "Password reset"
LONGEST = 100  # characters of the parts of a link
DIFFERENT = {"detail": "Passoword 1 and 2 doesnt match"}  # spelt like this on the wire


class ResetBody(Body):
    """An address to mail a link to."""

    email: LowerEmail


class ConfirmBody(Body):
    """The new password, twice."""

    password_1: NewPassword
    password_2: Annotated[str, text(None)]


class ResetHandler(KlubHandler):
    """Takes orders for links; whether the address is known shows only in its mailbox."""

    @operation(body=ResetBody, access=ANYONE)
    async def post(self, body: ResetBody) -> bytes:
        """Mail a link that sets a password.

        A job looks the address up, so that the answer can't tell by its time what was found.
        """
        await self.count("mails_per_address", f"klub {body.email}")
        settings = self.services.settings
        order = {
            "email": body.email,
            "page": settings.web_url or f"{self.base_url}/",
            "sender": usual_sender(settings.email_from, self.base_url),
            "site": settings.site_name or settings.brand,
        }
        await self.stores.jobs.promise(NewJob(KIND, order))
        return EMPTY


class ConfirmHandler(KlubHandler):
    """The target of what the mailed link leads to."""

    async def locate(self) -> None:
        """Leave the link's parts alone until the body is known to be right."""

    @operation(body=ConfirmBody, access=ANYONE)
    async def post(self, body: ConfirmBody) -> bytes:
        """Set the password, for all dialects; the link is used up."""
        if body.password_1 != body.password_2:
            raise Refused(404, DIFFERENT)
        found = await self.open_reset(self.path_kwargs["uid"], self.path_kwargs["token"])
        hashed = await self.services.passwords.hash(body.password_1)
        try:
            await self.stores.resets.redeem(found, hashed, lambda _: ())
        except NotFound:
            raise Refused(403, EMPTY) from None
        return EMPTY

    async def open_reset(self, uid: str, token: str) -> Reset:
        """Find what a link is for; raises Refused."""
        number = read_uid(uid)
        try:
            found = await self.stores.resets.find(token[:LONGEST])
        except NotFound:
            raise Refused(403, EMPTY) from None
        if found.person["id"] != number or found.age > self.services.settings.password_reset_timeout:
            raise Refused(403, EMPTY)
        return found


def write_uid(number: int) -> str:
    """Write an account's number as a part of a link."""
    return base64.urlsafe_b64encode(str(number).encode()).decode().rstrip("=")


def read_uid(uid: str) -> int | None:
    """Read an account's number out of a link; None where there is none in it."""
    try:
        digits = base64.urlsafe_b64decode(uid[:LONGEST] + "=" * (-len(uid[:LONGEST]) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    return int(digits) if digits.isdigit() else None


def is_reachable(person: Document, address: Document) -> bool:
    """Tell whether a link may be mailed to an address: the primary one, or a verified one."""
    return bool(address["primary"] or address["verified"])


@dataclass(frozen=True, slots=True)
class ResetOrders:
    """Runs the orders."""

    settings: Settings
    resets: Resets
    senders: Senders

    async def run(self, args: Mapping[str, Any]) -> None:
        """Make a link and queue its mail, or do nothing."""
        sender = next(filter(is_sender, await self.senders.listed()), args["sender"])

        def mail(offered: Offered) -> NewJob:
            text = write_text(offered, args["page"], args["site"])
            return Mail(to=offered.email, subject=SUBJECT, text=text, sender=sender).job()

        await self.resets.offer(args["email"], self.settings.password_reset_timeout, mail, is_reachable)


def is_sender(text: str) -> bool:
    """Tell whether a text can stand in the From of a mail."""
    try:
        read_sender(text)
    except ValueError:
        return False
    return True


def write_text(offered: Offered, page: str, site: str) -> str:
    """Write the mail: the link before what people can choose, on a line of its own."""
    person = offered.person
    username = (person.get("klub") or {}).get("username") or person.get("email") or ""
    link = f"{page}?u={write_uid(person['id'])}&t={offered.key}"
    return (
        f"Set a new password here:\n\n{link}\n\nYour username at {site}: {' '.join(username.split())}\n\n"
        "If you did not ask for this, nothing has happened, and there is nothing to do.\n"
    )


ROUTES = (
    Route("/api/reset_password_email/", ResetHandler),
    Route(
        "/api/reset_password_email_confirm/{uid}/{token}/",
        ConfirmHandler,
        secrets=frozenset({"uid", "token"}),
    ),
)
