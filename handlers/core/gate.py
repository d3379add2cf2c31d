"""Finds out who opens a live connection: every dialect's credentials, and the hub's own tokens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from handlers.core.live import Authenticator, Live
from handlers.core.tokens import BadToken, ExpiredToken, Signer
from realtime.channels import Identity
from realtime.codes import CloseCode, Disconnect, ErrorCode, Refusal
from realtime.connection import Credentials
from storage.accounts import Accounts
from storage.revocations import Revocations

KIND = "connection"
LIFETIME = 600  # seconds that a connection token lasts
LONGEST_NUMBER = 18  # digits that fit an integer of the database

ANONYMOUS = Identity()


class Gate:
    """Turns credentials into an identity.

    None is anonymous, a bad one closes with 3500, an expired one is answered with error 109.
    """

    def __init__(
        self, accounts: Accounts, revocations: Revocations, signer: Signer, lives: Sequence[Live]
    ) -> None:
        self._accounts = accounts
        self._revocations = revocations
        self._signer = signer
        schemes: defaultdict[str, list[Authenticator]] = defaultdict(list)
        for live in lives:
            for scheme, read in live.schemes.items():
                schemes[scheme].append(read)
        self._schemes: Mapping[str, Sequence[Authenticator]] = dict(schemes)
        self._tokens = tuple(read for live in lives for read in live.tokens)
        self._cookies = {name: read for live in lives for name, read in live.cookies.items()}
        self.credentials = tuple(each for live in lives for each in live.credentials)

    async def admit(self, credentials: Credentials) -> Identity:
        """Find out who shows these: a token of the connect request, else a header, else a cookie."""
        shown = credentials.token or credentials.authorization
        if not shown:
            return await self.recognise(credentials.cookies) or ANONYMOUS
        return await self.identify(shown)

    async def recognise(self, cookies: Mapping[str, str]) -> Identity | None:
        """Find out whose browser sends these cookies; the caller has looked at where its page is from."""
        for name, read in self._cookies.items():
            if name in cookies and (who := await read(cookies[name])) is not None:
                return who
        return None

    async def identify(self, shown: str) -> Identity:
        """Read the value of an Authorization header, or a bare token: a dialect's, or the hub's own."""
        return await self._read(shown, (*self._tokens, self._read_own))

    async def _read(self, shown: str, tokens: Sequence[Authenticator]) -> Identity:
        word, blank, rest = shown.strip().partition(" ")
        readers = self._schemes.get(word.lower(), ()) if blank else tokens
        try:
            for read in readers:
                if (who := await read(rest.strip() if blank else word)) is not None:
                    return who
        except ExpiredToken:
            raise Refusal(ErrorCode.TOKEN_EXPIRED) from None
        except BadToken:
            raise Disconnect(CloseCode.INVALID_TOKEN) from None
        raise Disconnect(CloseCode.INVALID_TOKEN)

    async def authorise(self, shown: str) -> Identity:
        """Read an Authorization header of a dialect; what opens the hub alone is none.

        Such tokens, and identity tokens, are only ever shown bare.
        """
        if " " not in shown.strip():
            raise Disconnect(CloseCode.INVALID_TOKEN)
        return await self.identify(shown)

    async def trade(self, shown: str) -> Identity:
        """Read a dialect's credential alone: a token of the hub's own that bought another would never end."""
        return await self._read(shown, self._tokens)

    def issue(self, who: Identity) -> tuple[str, int]:
        """Make a token that opens the hub, and nothing else, as this identity."""
        return self._signer.sign(KIND, who.user, LIFETIME, gen=who.generation, cred=who.credential)

    async def _read_own(self, token: str) -> Identity:
        claims = self._signer.read(KIND, token)
        subject, name = claims["sub"], claims.get("cred", "")
        if not (subject.isascii() and subject.isdigit() and len(subject) <= LONGEST_NUMBER):
            raise BadToken("names no account")
        # A generation, not a moment, is compared: two things can happen within one second.
        member = await self._accounts.by_number(int(subject))
        if member is None or member.generation != claims.get("gen"):
            raise BadToken("the account is gone, or has ended what was open")
        if name and await self._revocations.is_void(member.id, name):
            raise BadToken("what it was bought with is void")
        return Identity(subject, name, float(claims["exp"]), member.generation)
