"""Registering."""

from __future__ import annotations

from typing import ClassVar

from handlers.core.dialect import Route
from handlers.core.errors import Malformed
from handlers.core.operation import operation
from handlers.pybossa import answers
from handlers.pybossa.forms import CORRECT, Errors, Flag, Form, Text
from handlers.pybossa.mails import Letterhead
from handlers.pybossa.people import (
    EMAIL_TAKEN,
    LONGEST_PASSWORD,
    NAME_TAKEN,
    check_fullname,
    check_name,
    check_new_email,
    check_password,
    found,
)
from handlers.pybossa.rules import HOME, Moved, NextQuery, Outcome, Page, PyBossaHandler
from storage.errors import Taken
from storage.pybossa.pending import Applicant

THANKS = "Thanks for signing-up"
SENT = Page("account/account_validation.html", {"status": "sent", "title": "Account validation"})


class RegisterForm(Form):
    """Who wants an account."""

    fullname: Text = ""
    name: Text = ""
    email_addr: Text = ""
    password: Text = ""
    confirm: Text = ""
    consent: Flag = False


class RegisterHandler(PyBossaHandler):
    """Takes registrations; an account is made once its address is proven."""

    limit: ClassVar[str] = "mails_per_address"

    @operation(returns=answers.FormPage[answers.RegisterFields])
    async def get(self) -> Outcome:
        """Show the form."""
        return self.page(RegisterForm.describe(await self.browser.make_token()))

    @operation(
        body=RegisterForm,
        query=NextQuery,
        returns=answers.Sent | answers.Moved | answers.FormPage[answers.RegisterFields],
    )
    async def post(self, body: RegisterForm, query: NextQuery) -> Outcome:
        """Register: mail a link, or make the account at once where nothing is to be confirmed."""
        if len(body.password) > LONGEST_PASSWORD:
            raise Malformed(f"a password has at most {LONGEST_PASSWORD} characters")
        if errors := await self.check(body):
            return await self.refuse(body, errors)
        if self.services.settings.account_confirmation_disabled:
            return await self.make(body, query.next)
        await self.count(self.limit, f"pybossa register {body.email_addr.strip().lower()}")
        settings, letterhead = self.services.settings, Letterhead(self.services.settings, self.base_url)
        applicant = await self.read_applicant(body, query.next)
        await self.stores.pending.expect(
            applicant,
            settings.account_link_expiration,
            lambda key: letterhead.registration(applicant.email, key),
        )
        return SENT

    async def check(self, body: RegisterForm) -> Errors:
        """Return what is wrong, by field."""
        return found(
            fullname=check_fullname(body.fullname),
            name=await check_name(self.stores, body.name),
            email_addr=await check_new_email(self.stores, body.email_addr),
            password=check_password(body.password, body.confirm),
        )

    async def read_applicant(self, body: RegisterForm, onward: str | None) -> Applicant:
        """Return who registers, the password hashed."""
        hashed = await self.services.passwords.hash(body.password)
        email = body.email_addr.strip()
        return Applicant(body.fullname, body.name, email, hashed, body.consent, onward)

    async def make(self, body: RegisterForm, onward: str | None) -> Outcome:
        """Make the account, and sign it in."""
        applicant = await self.read_applicant(body, onward)
        try:
            entered = await self.stores.pending.admit(applicant, self.browser.visit)
        except Taken as error:
            name = error.what == "name"
            taken = found(name=[NAME_TAKEN]) if name else found(email_addr=[EMAIL_TAKEN])
            return await self.refuse(body, taken)
        self.browser.enter(entered.user, entered.opened)
        self.browser.tell(THANKS, "success")
        return Moved(onward or HOME)

    async def refuse(self, body: RegisterForm, errors: Errors) -> Outcome:
        """Show the form again."""
        self.browser.tell(CORRECT, "error")
        return self.page(body.repeat(await self.browser.make_token(), errors))

    @staticmethod
    def page(form: dict[str, object]) -> Page:
        """Return the page around the form."""
        return Page("account/register.html", {"form": form, "title": "Register"})


ROUTES = (Route("/account/register", RegisterHandler),)
