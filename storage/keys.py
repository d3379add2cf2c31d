"""Keys that mails carry: long, random, good for a while and once."""

from __future__ import annotations

import secrets
import string

LENGTH = 64  # characters
ALPHABET = string.ascii_letters + string.digits


def make_key() -> str:
    """Make a key."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
