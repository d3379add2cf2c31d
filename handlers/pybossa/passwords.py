"""Passwords that were forgotten: asking for a link, and what it leads to."""

from __future__ import annotations

from handlers.core.dialect import Route
from handlers.core.errors import Denied, Malformed
from handlers.core.operation import operation
from handlers.pybossa import answers
from handlers.pybossa.confirmation import LONGEST_KEY, KeyQuery
from handlers.pybossa.forms import CORRECT, Form, Text
from handlers.pybossa.mails import Letterhead
from handlers.pybossa.people import LONGEST_PASSWORD, check_email, check_password, found
from handlers.pybossa.rules import HOME, Moved, Outcome, Page, PyBossaHandler
from storage.errors import Departed, NotFound
from storage.jobs import NewJob
from storage.resets import Offered, Reset

WRONG_FORM = "Something went wrong, please correct the errors on the form"
UNKNOWN = "We don't have this email in our records."
MAILED = "We've sent you an email with account recovery instructions!"
DONE = "You reset your password successfully!"
BAD_LINK = "This link is not good, or not any more."


class ForgotForm(Form):
    """Whose password was forgotten."""

    email_addr: Text = ""


class ForgotHandler(PyBossaHandler):
    """Mails links that set a password."""

    @operation(returns=answers.FormPage[answers.AddressFields])
    async def get(self) -> Outcome:
        """Show the form."""
        form = ForgotForm.describe(await self.browser.make_token())
        return Page("account/password_forgot.html", {"form": form})

    @operation(body=ForgotForm, returns=answers.FormPage[answers.AddressFields])
    async def post(self, body: ForgotForm) -> Outcome:
        """Mail a link to the primary address of the account that has this one."""
        errors = found(email_addr=check_email(body.email_addr))
        if errors:
            self.browser.tell(WRONG_FORM, "error")
        elif await self.offer(body.email_addr.strip()):
            self.browser.tell(MAILED, "success")
        else:
            self.browser.tell([UNKNOWN], "error")
        form = body.repeat(await self.browser.make_token(), errors)
        return Page("/account/password_forgot.html", {"form": form})

    async def offer(self, email: str) -> bool:
        """Queue the mail; tell whether there is somebody to get it."""
        await self.count("mails_per_address", f"pybossa forgot {email.lower()}")
        settings, base_url = self.services.settings, self.base_url

        def mail(offered: Offered) -> list[NewJob]:
            return Letterhead(settings, base_url).recovery(offered.email, offered.key)

        try:
            await self.stores.resets.offer_to_primary(email, settings.account_link_expiration, mail)
        except NotFound:
            return False
        return True


class ResetForm(Form):
    """The new password; what the old one is does not matter."""

    current_password: Text = ""
    new_password: Text = ""
    confirm: Text = ""


class ResetHandler(PyBossaHandler):
    """Sets a password for whoever holds a link, and signs in."""

    @operation(query=KeyQuery, returns=answers.FormPage[answers.PasswordFields])
    async def get(self, query: KeyQuery) -> Outcome:
        """Show the form."""
        await self.open_reset(query.key)
        return self.page(ResetForm.describe(await self.browser.make_token()))

    @operation(
        body=ResetForm, query=KeyQuery, returns=answers.Moved | answers.FormPage[answers.PasswordFields]
    )
    async def post(self, body: ResetForm, query: KeyQuery) -> Outcome:
        """Set the password, for all dialects; the link is used up."""
        opened = await self.open_reset(query.key)
        if len(body.new_password) > LONGEST_PASSWORD:
            raise Malformed(f"a password has at most {LONGEST_PASSWORD} characters")
        errors = found(new_password=check_password(body.new_password, body.confirm))
        if errors:
            self.browser.tell(CORRECT, "error")
            return self.page(body.repeat(await self.browser.make_token(), errors))
        hashed = await self.services.passwords.hash(body.new_password)
        try:
            await self.stores.resets.redeem(opened, hashed, lambda _: ())
            entered = await self.stores.entrance.sign_in(opened.person["_id"], hashed, self.browser.visit)
        except (NotFound, Departed):
            raise Denied(BAD_LINK) from None
        self.browser.enter(entered.user, entered.opened)
        self.browser.tell(DONE, "success")
        return Moved(HOME)

    async def open_reset(self, key: str) -> Reset:
        """Find what the link is for; raises Denied."""
        try:
            opened = await self.stores.resets.find(key[:LONGEST_KEY])
        except NotFound:
            raise Denied(BAD_LINK) from None
        if opened.age > self.services.settings.account_link_expiration:
            raise Denied(BAD_LINK)
        return opened

    @staticmethod
    def page(form: dict[str, object]) -> Page:
        """Return the page around the form."""
        return Page("account/password_reset.html", {"form": form})


ROUTES = (
    Route("/account/forgot-password", ForgotHandler),
    Route("/account/reset-password", ResetHandler),
)
