"""Reads Authorization headers as Django REST framework does, with its words for what is wrong with them."""

from __future__ import annotations

import base64
import binascii

from handlers.core.errors import Unauthenticated
from storage.accounts import Member
from storage.tokens import Tokens


def split(header: str) -> tuple[str, list[str]]:
    """Split a header into its scheme, lower-cased, and what follows; "" without any header."""
    words = header.split()
    return (words[0].lower(), words[1:]) if words else ("", [])


def single(rest: list[str], kind: str, content: str) -> str:
    """Return the one word that follows a scheme; raises Unauthenticated."""
    if not rest:
        raise Unauthenticated(f"Invalid {kind} header. No credentials provided.")
    if len(rest) > 1:
        raise Unauthenticated(f"Invalid {kind} header. {content} should not contain spaces.")
    return rest[0]


async def token_owner(tokens: Tokens, rest: list[str]) -> Member:
    """Find whose `Token <key>` it is; raises Unauthenticated."""
    holder = await tokens.holder(single(rest, "token", "Token string"))
    if holder is None:
        raise Unauthenticated("Invalid token.")
    if not holder.active:
        raise Unauthenticated("User inactive or deleted.")
    return holder.member


def read_basic(rest: list[str]) -> tuple[str, str]:
    """Read name and password of `Basic <base64>`; raises Unauthenticated."""
    word = single(rest, "basic", "Credentials string")
    try:
        decoded = base64.b64decode(word, validate=True)
    except (binascii.Error, ValueError):
        raise Unauthenticated("Invalid basic header. Credentials not correctly base64 encoded.") from None
    try:
        text = decoded.decode()
    except UnicodeDecodeError:
        text = decoded.decode("latin-1")
    name, colon, password = text.partition(":")
    if not colon:
        raise Unauthenticated("Invalid basic header. Credentials not correctly base64 encoded.")
    return name, password
