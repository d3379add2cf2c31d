"""Who calls: by secret key everywhere, by e-mail and password where the key can be asked for."""

from __future__ import annotations

import base64
import binascii
from enum import Enum

from handlers.comics.rules import ComicsHandler
from handlers.core.errors import ApiError, Unauthenticated
from storage.comics.keys import Reader

KEY_SCHEMES = frozenset({"key", "bearer"})
CHALLENGE = 'Basic Realm="Comics API"'


class Access(Enum):
    """Who may call an operation."""

    KEY = "a secret key"
    KEY_OR_PASSWORD = "a secret key, or e-mail and password"  # noqa: S105

    def __str__(self) -> str:
        """Return it in words."""
        return self.value


class ReaderHandler(ComicsHandler):
    """The base of what only accounts may see."""

    reader: Reader

    async def authenticate(self) -> None:
        """Find out whose key was sent; a key in the header is final."""
        words = self.request.headers.get("Authorization", "").split()
        if words and words[0].lower() in KEY_SCHEMES:
            found = await self.holder(words[1]) if len(words) == 2 else None
        else:
            given = self.query.last("key")
            found = await self.holder(given) if given else None
            found = found or await self.sign_in(words)
        if found is None:
            raise Unauthenticated
        self.reader = found

    async def holder(self, key: str) -> Reader | None:
        """Find the active account of a key."""
        found = await self.stores.secret_keys.holder(key)
        return found if found is not None and found.active else None

    async def sign_in(self, words: list[str]) -> Reader | None:
        """Find who shows another credential; most paths take none."""
        return None


class PasswordHandler(ReaderHandler):
    """The base of what e-mail and password open as well."""

    async def sign_in(self, words: list[str]) -> Reader | None:
        """Find whose e-mail and password these are; raises Throttled after too many wrong ones, and Busy."""
        if len(words) != 2 or words[0].lower() != "basic":
            return None
        email, colon, password = read_basic(words[1]).partition(":")
        if not colon or "\0" in email + password:
            return None
        person = await self.stores.accounts.by_address(email)
        hashed = await self.services.tries.check(person, password, asked=email, client=self.client)
        if hashed is None or person is None:
            return None
        return await self.stores.secret_keys.reader(person["id"])

    def render_error(self, error: ApiError) -> bytes:
        """Say how to sign in, where nobody did."""
        if isinstance(error, Unauthenticated):
            self.set_header("WWW-Authenticate", CHALLENGE)
        return super().render_error(error)


def read_basic(text: str) -> str:
    """Decode what a client made of e-mail and password; nothing where it can't be read."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
