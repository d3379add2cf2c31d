"""Registering and signing in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.core.dialect import Route
from handlers.core.errors import Invalid
from handlers.core.mail import usual_sender
from handlers.core.mailing_list import list_jobs
from handlers.core.operation import operation
from handlers.core.rest.fields import spell
from handlers.core.rest.limits import REGISTRATIONS
from handlers.core.rest.words import WHOLE
from handlers.knowme.account_schemas import USER_EXISTS, LoginBody, RegisterBody
from handlers.knowme.mails import Letterhead
from handlers.knowme.rules import Access, KnowMeHandler
from storage.driver import Document
from storage.enrolment import Enrolled
from storage.errors import Departed, Taken
from storage.jobs import NewJob

ORIGIN = "knowme"
BAD_CREDENTIALS = "Invalid credentials. Check your email and password and try again."
NOT_VERIFIED = "You must verify this email address before logging in."


@dataclass(frozen=True, slots=True)
class AccountObject:
    """An account as its owner sees it."""

    id: int
    email: str
    first_name: str
    last_name: str

    @classmethod
    def of(cls, person: Mapping[str, Any]) -> AccountObject:
        """Read the stored form."""
        return cls(
            person["id"], person.get("email") or "", person.get("fname") or "", person.get("sname") or ""
        )


@dataclass(frozen=True, slots=True)
class TokenObject:
    """What an app signs its calls with."""

    token: str


class AccountHandler(KnowMeHandler):
    """What the paths about accounts share."""

    @property
    def letterhead(self) -> Letterhead:
        """Return what this request's mails begin with."""
        settings = self.services.settings
        return Letterhead(settings, usual_sender(settings.email_from, self.base_url))

    def listing(self, person: Document) -> Sequence[NewJob]:
        """Return the job that tells the mailing list of a change."""
        return list_jobs(self.services.settings, person)

    async def is_taken(self, fields: Mapping[str, Any]) -> bool:
        """Tell whether the address in unchecked fields is somebody's."""
        email = spell(fields.get("email"))
        return email is not None and await self.stores.addresses.taken(email.strip()) is not None


class RegisterHandler(AccountHandler):
    """Makes accounts."""

    access = Access.ANONYMOUS

    async def known(self, fields: Mapping[str, Any]) -> bool:
        """Tell whether the address is taken."""
        return await self.is_taken(fields)

    @operation(body=RegisterBody, returns=AccountObject, status=201, limits=(REGISTRATIONS,))
    async def post(self, body: RegisterBody) -> AccountObject:
        """Make an account and ask its address for a proof."""
        hashed = await self.services.passwords.hash(body.password)
        names = {"fname": body.first_name, "sname": body.last_name}
        try:
            person = await self.stores.enrolment.enrol(
                body.email, names, hashed=hashed, origin=ORIGIN, ip=self.client, notices=self.notices
            )
        except Taken:
            raise Invalid.field("email", USER_EXISTS) from None
        return AccountObject.of(person)

    def notices(self, made: Enrolled) -> Sequence[NewJob]:
        """Write what a new account sends."""
        person = made.person
        return [self.letterhead.confirm(person["email"], person, made.key), *self.listing(person)]


class LoginHandler(AccountHandler):
    """Hands out tokens."""

    access = Access.PUBLIC

    @operation(body=LoginBody, returns=TokenObject)
    async def post(self, body: LoginBody) -> TokenObject:
        """Return the account's token for a verified address and the password."""
        found = await self.stores.signin.candidate(body.address)
        hashed = await self.services.tries.check(
            found.person, body.password, asked=body.address, client=self.client
        )
        if hashed is None or found.person is None:
            raise Invalid.field(WHOLE, BAD_CREDENTIALS)
        if not found.verified:
            raise Invalid.field(WHOLE, NOT_VERIFIED)
        self.set_header("Cache-Control", "no-store")
        try:
            return TokenObject(await self.stores.signin.enter(found.person["_id"], hashed))
        except Departed:
            raise Invalid.field(WHOLE, BAD_CREDENTIALS) from None


ROUTES = (Route("/auth/register/", RegisterHandler), Route("/auth/login/", LoginHandler))
