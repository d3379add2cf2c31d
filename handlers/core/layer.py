"""Layer's seat: identity tokens signed by this server, each good for one use of one nonce."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from handlers.core.tokens import BadToken, ExpiredToken
from realtime.channels import Identity
from settings import Settings
from storage.revocations import name_credential
from storage.stores import Stores

ALGORITHM = "RS256"
CONTENT = "layer-eit;v=1"
CLAIMS = ("iss", "prn", "iat", "exp", "nce")
LONGEST_NUMBER = 18  # digits that fit an integer of the database

log = logging.getLogger(__name__)


class NotConfigured(Exception):
    """There is no key to sign with, or no names to sign under."""


class SigningKey:
    """The RSA key in a PEM file, read when it is used and again when the file changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version: tuple[int, int, int] | None = None
        self._key: RSAPrivateKey | None = None

    def load(self) -> RSAPrivateKey:
        """Return the key; raises NotConfigured."""
        try:
            found = self._path.stat()
            version = (found.st_ino, found.st_size, found.st_mtime_ns)
            if self._key is None or version != self._version:
                self._key, self._version = self._read(), version
        except OSError as error:
            raise NotConfigured from error
        return self._key

    def _read(self) -> RSAPrivateKey:
        try:
            key = load_pem_private_key(self._path.read_bytes(), password=None)
        except (ValueError, TypeError) as error:  # TypeError: it is encrypted
            log.warning("LAYER_RSA_KEY_FILE_PATH: %s is no usable PEM key", self._path)
            raise NotConfigured from error
        if not isinstance(key, RSAPrivateKey):
            log.warning("LAYER_RSA_KEY_FILE_PATH: %s is no RSA key", self._path)
            raise NotConfigured
        return key


class LayerSeat:
    """Signs identity tokens, and knows accounts by them."""

    def __init__(self, settings: Settings, stores: Stores, *, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._accounts = stores.accounts
        self._nonces = stores.nonces
        self._clock = clock
        self._key = SigningKey(settings.layer_rsa_key_file_path)

    def sign(self, user: int, nonce: str) -> tuple[str, int]:
        """Make an identity token of an account over any nonce, with the Unix second of its end.

        Raises NotConfigured.
        """
        settings = self._settings
        if not settings.layer_key_id or not settings.layer_provider_id:
            raise NotConfigured
        now = int(self._clock())
        ends = now + settings.layer_identity_expiration
        claims = {"iss": settings.layer_provider_id, "prn": str(user), "iat": now, "exp": ends, "nce": nonce}
        headers = {"typ": "JWT", "alg": ALGORITHM, "cty": CONTENT, "kid": settings.layer_key_id}
        return jwt.encode(claims, self._key.load(), algorithm=ALGORITHM, headers=headers), ends

    async def identify(self, token: str) -> Identity:
        """Find out whose token it is and use its nonce up; raises ExpiredToken, BadToken."""
        claims = self._read(token)
        number, nonce = claims["prn"], claims["nce"]
        member = await self._accounts.by_number(int(number))
        if member is None or not await self._nonces.spend(nonce, member.id, member.generation):
            raise BadToken("nobody's, or its nonce is not good")
        name = name_credential("layer", nonce)
        return Identity(str(member.id), name, float(claims["exp"]), member.generation)

    def _read(self, token: str) -> Mapping[str, Any]:
        options: Any = {"require": list(CLAIMS), "verify_exp": False, "verify_iat": False}
        try:
            key = self._key.load().public_key()
            claims: Mapping[str, Any] = jwt.decode(token, key, algorithms=[ALGORITHM], options=options)
        except (jwt.PyJWTError, ValueError, NotConfigured) as error:
            raise BadToken(str(error)) from error
        number, nonce, ends = claims["prn"], claims["nce"], claims["exp"]
        if not isinstance(nonce, str) or type(ends) is not int or claims["iss"] != self._issuer:
            raise BadToken("an identity token of somebody else's")
        digits = isinstance(number, str) and number.isascii() and number.isdigit()
        if not digits or len(number) > LONGEST_NUMBER:
            raise BadToken("names no account")
        if ends <= self._clock():
            raise ExpiredToken("the token has expired")
        return claims

    @property
    def _issuer(self) -> str | None:
        return self._settings.layer_provider_id


def is_identity_token(token: str) -> bool:
    """Tell an identity token, good or bad, from other tokens."""
    try:
        return jwt.get_unverified_header(token).get("alg") == ALGORITHM
    except (jwt.PyJWTError, ValueError):
        return False
