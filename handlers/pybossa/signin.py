"""Signing in and out."""

from __future__ import annotations

from urllib.parse import quote

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.pybossa import answers
from handlers.pybossa.forms import CORRECT, Errors, Form, Text
from handlers.pybossa.people import LONGEST_EMAIL, found
from handlers.pybossa.rules import HOME, Moved, NextQuery, Outcome, Page, PyBossaHandler
from settings import Settings
from storage.driver import ObjectId
from storage.errors import Departed
from storage.pybossa.entrance import Entered
from storage.pybossa.people import PyBossaUser
from storage.pybossa.sessions import Message

NO_EMAIL, NO_PASSWORD = "The e-mail is required", "You must provide a password"
INCOMPLETE = Message(CORRECT, "error")
UNKNOWN = Message("Ooops, we didn't find you in the system, did you sign up?", "info")
WRONG = Message("Ooops, Incorrect email/password", "error")
SIGNED_OUT = "You are now signed out"


class SignInForm(Form):
    """Who signs in."""

    email: Text = ""
    password: Text = ""


class SignInHandler(PyBossaHandler):
    """Signs browsers in."""

    @operation(query=NextQuery, returns=answers.SignInPage | answers.Moved)
    async def get(self, query: NextQuery) -> Outcome:
        """Show the form, unless somebody is signed in."""
        if self.user is not None:
            return Moved(HOME)
        return self.page(SignInForm.describe(await self.browser.make_token()), query)

    @operation(body=SignInForm, query=NextQuery, returns=answers.Moved | answers.SignInPage)
    async def post(self, body: SignInForm, query: NextQuery) -> Outcome:
        """Sign in; whoever is unknown waits as long as everybody."""
        empty = found(
            email=[] if body.email.strip() else [NO_EMAIL],
            password=[] if body.password.strip() else [NO_PASSWORD],
        )
        if empty:
            return await self.refuse(body, query, INCOMPLETE, empty)
        email = body.email.strip()
        person = await self.stores.accounts.by_address(email)
        asked = email[:LONGEST_EMAIL]  # nobody has a longer one, and it is stored with the count
        hashed = await self.services.tries.check(person, body.password, asked=asked, client=self.client)
        if person is None:
            return await self.refuse(body, query, UNKNOWN)
        entered = await self.enter(person["_id"], hashed) if hashed is not None else None
        if entered is None:
            return await self.refuse(body, query, WRONG)
        self.browser.enter(entered.user, entered.opened)
        self.browser.tell(f"Welcome back {entered.user.fullname}", "success")
        return Moved(self.onward(entered.user, query.next or HOME))

    async def enter(self, oid: ObjectId, hashed: str) -> Entered | None:
        """Let somebody in, unless the password has just become another."""
        try:
            return await self.stores.entrance.sign_in(oid, hashed, self.browser.visit)
        except Departed:
            return None

    def onward(self, user: PyBossaUser, path: str) -> str:
        """Return where to go: with a mailing list, first to the question whether one wants its letters."""
        if self.services.settings.mailchimp_enabled and not user.newsletter_prompted:
            return f"/account/newsletter?next={quote(path, safe='')}"
        return path

    async def refuse(
        self, body: SignInForm, query: NextQuery, why: Message, errors: Errors | None = None
    ) -> Outcome:
        """Show the form again, and why."""
        self.browser.tell(why.text, why.category)
        return self.page(body.repeat(await self.browser.make_token(), errors), query)

    def page(self, form: dict[str, object], query: NextQuery) -> Page:
        """Return the page around the form."""
        auth = list_providers(self.services.settings)
        fields = {"auth": auth, "form": form, "next": query.next, "title": "Sign in"}
        return Page("account/signin.html", fields)


class SignOutHandler(PyBossaHandler):
    """Signs browsers out."""

    @operation(returns=answers.SignedOut)
    async def get(self) -> Outcome:
        """End this browser's session and what signs it in again; others stay."""
        await self.browser.leave()
        self.user = None
        self.browser.tell(SIGNED_OUT, "success")
        return Moved(HOME, {"message": SIGNED_OUT})


def list_providers(settings: Settings) -> dict[str, bool]:
    """Tell which providers a gateway beside this server lets people sign in with."""
    pairs = {
        "facebook": (settings.facebook_app_id, settings.facebook_app_secret),
        "google": (settings.google_client_id, settings.google_client_secret),
        "twitter": (settings.twitter_consumer_key, settings.twitter_consumer_secret),
    }
    return {name: bool(key and secret.get_secret_value()) for name, (key, secret) in pairs.items()}


ROUTES = (Route("/account/signin", SignInHandler), Route("/account/signout", SignOutHandler))
