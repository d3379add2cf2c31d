"""What the credentials of users stand for: names and passwords, and the JWTs that are made for them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from handlers.core.services import Services
from handlers.core.tokens import BadToken
from storage.accounts import Member
from storage.driver import Document
from storage.stores import Stores

ACCESS, REFRESH = "access", "refresh"


async def find_account(stores: Stores, name: str) -> Document | None:
    """Find the active account that signs in under a name: an address of it, else its username."""
    trimmed = name.strip()
    return await stores.accounts.by_address(trimmed) or await stores.usernames.holder(trimmed)


def make_token(services: Services, kind: str, member: Member, seconds: int) -> str:
    """Make a token of a kind for an account."""
    claims = {"jti": secrets.token_hex(16), "user_id": member.id, "gen": member.generation}
    token, _ = services.signer.sign(kind, str(member.id), seconds, **claims)
    return token


@dataclass(frozen=True, slots=True)
class Session:
    """Whose token it is, and when it ends (Unix seconds)."""

    member: Member
    expires: float


async def read_session(services: Services, kind: str, token: str) -> Session:
    """Find whose token it is; raises ExpiredToken, WrongKind, BadToken.

    Of an account that has ended its sessions since, older tokens are bad.
    """
    claims = services.signer.read(kind, token)
    number = claims.get("user_id")
    if type(number) is not int or not 0 < number < 2**63:
        raise BadToken("names no account")
    member = await services.stores.accounts.by_number(number)
    if member is None or member.generation != claims.get("gen"):
        raise BadToken("the account is gone, or has ended its sessions")
    return Session(member, float(claims["exp"]))
