"""Signed tokens: each carries its kind and is good for that alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import jwt

ALGORITHM = "HS256"


class BadToken(Exception):
    """The token is not ours, of another kind, or altered."""


class ExpiredToken(BadToken):
    """The token was good once."""


class WrongKind(BadToken):
    """The token is ours, and good for something else."""


class Signer:
    """Makes and reads the product's own HS256 tokens."""

    def __init__(self, key: bytes, clock: Callable[[], float] = time.time) -> None:
        self._key = key
        self._clock = clock

    def sign(self, kind: str, subject: str, seconds: int, **claims: Any) -> tuple[str, int]:
        """Make a token of a kind; return it with the Unix second at which it ends."""
        now = int(self._clock())
        ends = now + seconds
        content = {"token_type": kind, "sub": subject, "iat": now, "exp": ends, **claims}
        return jwt.encode(content, self._key, algorithm=ALGORITHM), ends

    def read(self, kind: str, token: str) -> Mapping[str, Any]:
        """Read the claims of a token of this kind; raises ExpiredToken, WrongKind, BadToken."""
        options: Any = {"require": ["exp", "sub", "token_type"], "verify_exp": False, "verify_iat": False}
        try:
            claims = jwt.decode(token, self._key, algorithms=[ALGORITHM], options=options)
        except (jwt.PyJWTError, ValueError) as error:
            raise BadToken(str(error)) from error
        if claims["token_type"] != kind:
            raise WrongKind(f"a token of kind {claims['token_type']!r} is not good here")
        if not isinstance(claims["exp"], int) or claims["exp"] <= self._clock():
            raise ExpiredToken("the token has expired")
        return claims
