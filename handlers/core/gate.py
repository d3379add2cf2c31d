"""Finds out who opens a live connection: every dialect's credentials, and the hub's own tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from handlers.core.live import Authenticator, Live
from handlers.core.tokens import BadToken, ExpiredToken, Signer
from realtime.channels import Identity
from realtime.codes import CloseCode, Disconnect, ErrorCode, Refusal
from realtime.connection import Credentials
from storage.accounts import Accounts

KIND = "connection"
LIFETIME = 600  # seconds that a connection token lasts
LONGEST_NUMBER = 18  # digits that fit an integer of the database

ANONYMOUS = Identity()


class Gate:
    """Turns credentials into an identity.

    None is anonymous, a bad one closes with 3500, an expired one is answered with error 109.
    """

    def __init__(self, accounts: Accounts, signer: Signer, lives: Iterable[Live]) -> None:
        self._accounts = accounts
        self._signer = signer
        self._schemes: Mapping[str, Authenticator] = {
            scheme: check for live in lives for scheme, check in live.schemes.items()
        }

    async def admit(self, credentials: Credentials) -> Identity:
        """Find out who shows these; a token given with the connect request counts before a header."""
        shown = credentials.token or credentials.authorization
        if not shown:
            return ANONYMOUS
        return await self.identify(shown)

    async def identify(self, shown: str) -> Identity:
        """Read the value of an Authorization header, or a bare token of the hub's own."""
        scheme, blank, secret = shown.strip().partition(" ")
        if not blank:
            return await self._read_token(scheme)
        check = self._schemes.get(scheme.lower())
        if check is None:
            raise Disconnect(CloseCode.INVALID_TOKEN)
        return await check(secret.strip())

    def issue(self, who: Identity) -> tuple[str, int]:
        """Make a token that opens the hub, and nothing else, as this identity."""
        return self._signer.sign(KIND, who.user, LIFETIME, gen=who.generation, cred=who.credential)

    async def _read_token(self, token: str) -> Identity:
        try:
            claims = self._signer.read(KIND, token)
        except ExpiredToken:
            raise Refusal(ErrorCode.TOKEN_EXPIRED) from None
        except BadToken:
            raise Disconnect(CloseCode.INVALID_TOKEN) from None
        subject = claims["sub"]
        if not (subject.isascii() and subject.isdigit() and len(subject) <= LONGEST_NUMBER):
            raise Disconnect(CloseCode.INVALID_TOKEN)
        # A generation, not a moment, is compared: two things can happen within one second.
        member = await self._accounts.by_number(int(subject))
        if member is None or member.generation != claims.get("gen"):
            raise Disconnect(CloseCode.INVALID_TOKEN)
        return Identity(subject, claims.get("cred", ""), float(claims["exp"]), member.generation)
