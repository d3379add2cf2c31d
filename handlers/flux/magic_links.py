"""Signing in to the app by a mailed link, and the app's own token."""

from __future__ import annotations

import hashlib

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.flux.answers import AppToken, Okay, SentLogin, SignedIn, Sorry
from handlers.flux.members import BY_ADDRESS, MembersHandler
from handlers.flux.rules import MEMBER, FluxHandler
from handlers.flux.schemas import AddressBody, AnyBody, user_object
from storage.driver import Document
from storage.errors import NotFound

APP_TOKEN = "flux_app"  # noqa: S105  (the kind of a token, not one)
APP_TOKEN_LIFE = 3600  # seconds
UNKNOWN = "email not found"


def fingerprint(secret: str) -> str:
    """Return what ties an app token to the secret that it was made for, and tells nothing of it."""
    return hashlib.sha256(secret.encode()).hexdigest()[:16]


class NewLinkHandler(MembersHandler):
    """Mails somebody a link that signs them in."""

    @operation(body=AddressBody, limits=(BY_ADDRESS,), returns=Okay | SentLogin | Sorry)
    async def post(self, body: AddressBody) -> Document:
        """Send a magic link to an address that belongs to an account; an older link is void."""
        return self.describe(await self.send_link(body.email.strip()))

    async def send_link(self, email: str) -> bool:
        """Send the link; tell whether the address is known."""
        letterhead, lifetime = self.letterhead, self.services.settings.flux_magic_link_ttl
        try:
            await self.stores.magic_links.send(
                email, lifetime, lambda token: letterhead.magic_link(email, token).job()
            )
        except NotFound:
            return False
        return True

    def describe(self, sent: bool) -> Document:
        """Return what the app reads: one key, whichever."""
        return {"status": "okay"} if sent else {"error": UNKNOWN}


class SendLoginHandler(NewLinkHandler):
    """The same for a client that wants both keys."""

    def describe(self, sent: bool) -> Document:
        """Return what this client reads."""
        return {"status": "okay", "error": ""} if sent else {"status": "error", "error": UNKNOWN}


class UseLinkHandler(FluxHandler):
    """The target of the mailed link."""

    @operation(returns=SignedIn)
    async def get(self, token: str) -> Document:
        """Use the link up and return its member with the secret."""
        self.set_header("Cache-Control", "no-store")
        try:
            person = await self.stores.magic_links.redeem(token)
        except NotFound as error:
            raise await self.refused() from error
        return {"status": "okay", "s": person["s"], "user": user_object(person)}

    async def head(self, token: str) -> None:
        """Tell whether the link is good: programs that look at links in mails must not use them up."""
        if not await self.stores.magic_links.is_open(token):
            raise await self.refused()
        self.answer({"status": "okay"})


class AppTokenHandler(FluxHandler):
    """The app's bearer token."""

    @operation(body=AnyBody, access=MEMBER, returns=AppToken)
    async def post(self, body: AnyBody) -> Document:
        """Make a token for the calls about profiles; it lasts an hour and opens nothing else."""
        claims = {"cred": fingerprint(str(self.body["s"]))}
        token, _ = self.services.signer.sign(APP_TOKEN, str(self.member.id), APP_TOKEN_LIFE, **claims)
        return {"token": token}


ROUTES = (
    Route("/api/v1/app/new_magic_link", NewLinkHandler),
    Route("/api/v1/app/login_magic_link/{token}", UseLinkHandler, secrets=frozenset({"token"})),
    Route("/api/v1/send_login_email", SendLoginHandler),
    Route("/api/v1/jwt_basic", AppTokenHandler),
)
