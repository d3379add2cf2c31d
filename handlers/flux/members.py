"""Signing up, one's own details, and the mailed link to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from handlers.core.dialect import Route
from handlers.core.errors import FieldError
from handlers.core.mail import Mail
from handlers.core.operation import Limit, operation
from handlers.flux.answers import (
    MemberFields,
    NewUserObject,
    Okay,
    SentDetails,
    SentEmail,
    SignUpFields,
    UserObject,
)
from handlers.flux.fields import FIELDS, read_fields
from handlers.flux.mails import Letterhead
from handlers.flux.phone import read_claim
from handlers.flux.rules import MEMBER, FluxHandler, with_alias
from handlers.flux.schemas import AddressBody, AnyBody, user_object
from storage.accounts import Amended, Amendment, Registered
from storage.driver import Document
from storage.person import ELECTORAL

BY_CLIENT = Limit("flux_limit_register_ip", lambda handler: handler.client)


def asked_address(handler: Any) -> str:
    """Return the address that a mail is asked for, as it is counted."""
    return str(handler.body["email"]).strip().lower()[:254]


BY_ADDRESS = Limit("flux_limit_email", asked_address, late=True)

PROVEN_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>Address confirmed</title>
<style>body{font:1.1rem/1.6 system-ui,sans-serif;max-width:34rem;margin:18vh auto;padding:0 1rem}</style>
<main><h1>Thank you</h1><p>Your e-mail address is confirmed. You can close this page.</p></main></html>
"""


class MembersHandler(FluxHandler):
    """What the calls about members share."""

    @property
    def letterhead(self) -> Letterhead:
        """Return what this request's mails begin with."""
        return Letterhead(self.services.settings, self.base_url)


class RegisterHandler(MembersHandler):
    """Signs a person up."""

    needs_name = False

    @operation(body=AnyBody, limits=(BY_CLIENT,), takes=SignUpFields, returns=NewUserObject)
    async def post(self, body: AnyBody) -> Document:
        """Make a member, send the member link and the proof of the address."""
        fields = read_fields(self.body, missing=self.missing())

        def mails(made: Registered) -> list[Any]:
            person = made.person
            return [self.letterhead.welcome(person["email"], person["s"], made.token).job()]

        claim = read_claim(self.body, fields, self.stores.phones, self.services.settings.flux_nonce_ttl)
        fields["phone_verified"] = claim is not None
        made = await self.stores.accounts.register(
            fields["email"], fields, ip=self.client, mails=mails, claim=claim
        )
        return {**user_object(made.person), "success": True}

    def missing(self) -> Iterable[FieldError]:
        """Name the required fields that are not there."""
        if "email" not in self.body:
            yield FieldError("email", "missing", "is missing")
        names = (self.body.get("fname"), self.body.get("name"))
        if self.needs_name and not any(str(name or "").strip() for name in names):
            yield FieldError("fname", "value_error", "is missing (or send name)")


class RegisterAllHandler(RegisterHandler):
    """Signs a person up with all details at once."""

    needs_name = True


class UserDetailsHandler(MembersHandler):
    """Shows and changes one's own details."""

    @operation(body=AnyBody, access=MEMBER, takes=MemberFields, returns=UserObject)
    async def post(self, body: AnyBody) -> Document:
        """Return the member's object, changed by what the body sets."""
        if FIELDS.keys().isdisjoint(self.body):
            return user_object(await self.stores.accounts.document(self.member.oid))
        amended = await self.stores.accounts.amend(self.member.oid, self.decide, self.notices)
        return user_object(amended.person)

    def decide(self, stored: Document) -> Amendment:
        """Work out what the body changes; the presence of an electoral field alone restarts validation."""
        values = read_fields(self.body, stored)
        email = values.pop("email", None)
        return Amendment(values, self.body.keys(), email, revalidate=not ELECTORAL.isdisjoint(self.body))

    def notices(self, amended: Amended) -> list[Any]:
        """Ask a new address for its proof, and tell the one that it replaced."""
        if amended.token is None:
            return []
        person = amended.person
        mails = [self.letterhead.new_address(person["email"], person["s"], amended.token)]
        if amended.former:
            mails.append(self.letterhead.former_address(amended.former))
        return [mail.job() for mail in mails]


class EmailSecretHandler(MembersHandler):
    """Mails somebody their member link."""

    @operation(body=AddressBody, limits=(BY_ADDRESS,), returns=SentDetails | SentEmail)
    async def post(self, body: AddressBody) -> Document:
        """Send the member link to an address that belongs to an account."""
        person = await self.stores.accounts.by_address(body.email.strip())
        if person is None:
            return self.describe(False, "Email not found")
        await self.send(self.letterhead.sent_link(body.email.strip(), person["s"]))
        return self.describe(True, "Email Sent")

    async def send(self, mail: Mail) -> None:
        """Put a mail into the queue."""
        await self.stores.jobs.promise(mail.job())

    def describe(self, sent: bool, reason: str) -> Document:
        """Return what clients of this call read."""
        return {"sent_email": sent, "reason": reason}


class SendDetailsHandler(EmailSecretHandler):
    """The same for older pages, which read `status`."""

    def describe(self, sent: bool, reason: str) -> Document:
        """Return what older pages read, too."""
        return {**super().describe(sent, reason), "status": reason}


class ValidateEmailHandler(FluxHandler):
    """The target of the mailed proof."""

    @operation(returns=Okay)
    async def get(self, token: str) -> Document | None:
        """Verify the address that the token was mailed to."""
        await self.stores.accounts.prove(token)
        self.set_header("Vary", "Accept")
        if "application/json" in self.request.headers.get("Accept", "").lower():
            return {"status": "okay"}
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        self.finish(PROVEN_PAGE)
        return None


ROUTES = (
    *with_alias("/register/initial_email", RegisterHandler),
    *with_alias("/register/all_at_once", RegisterAllHandler),
    *with_alias("/user_details", UserDetailsHandler),
    *with_alias("/email_secret_token", EmailSecretHandler),
    *with_alias("/send_user_details", SendDetailsHandler),
    Route("/api/v0/validate_email/{token}", ValidateEmailHandler, secrets=frozenset({"token"})),
)
