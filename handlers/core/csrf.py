"""Tokens that prove that a request comes from a page of ours: any of a session, for an hour each."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable

LIFE = 3600  # seconds
SKEW = 60  # seconds by which the clock of the machine that made a token may be ahead


def make_token(secret: str, clock: Callable[[], float] = time.time) -> str:
    """Make a token of the session with this secret."""
    moment = str(int(clock()))
    return f"{moment}.{sign(secret, moment)}"


def is_good(secret: str, token: str, clock: Callable[[], float] = time.time) -> bool:
    """Tell whether a token is the session's and still good."""
    moment, _, signature = token.partition(".")
    if not (moment.isascii() and moment.isdigit() and len(moment) <= 12):
        return False
    fits = hmac.compare_digest(sign(secret, moment).encode(), signature.encode("utf-8", "replace"))
    return fits and -SKEW <= clock() - int(moment) <= LIFE


def sign(secret: str, moment: str) -> str:
    """Sign the second in which a token was made."""
    return hmac.new(secret.encode(), moment.encode(), hashlib.sha256).hexdigest()
