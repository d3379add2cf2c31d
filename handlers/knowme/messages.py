"""What an account's own channel carries."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from handlers.core.declaration import Declaration, Parameter

UnixSeconds = Annotated[int, Field(description="Unix seconds.")]


class AccountMessage(TypedDict):
    """Something happened to the account, in whichever dialect; no secrets."""

    type: Literal["password_changed", "email_verified", "api_key_reset", "new_login"]
    at: UnixSeconds


class IdentityTokenMessage(TypedDict):
    """An identity token that POST /auth/layer/ has signed for the account."""

    type: Literal["identity_token"]
    identity_token: str
    nonce: str
    expires_at: UnixSeconds


IDENTITY = Declaration(
    "identity",
    "identity#{user_id}",
    "What concerns an account",
    "Sign-ins, changed passwords, proven addresses, new keys; and identity tokens.",
    "the account itself",
    AccountMessage | IdentityTokenMessage,
    (
        AccountMessage(type="new_login", at=1777915812),
        {"type": "identity_token", "identity_token": "eyJ0eXAi…", "nonce": "b4f1…", "expires_at": 1777916412},
    ),
    {"user_id": Parameter("The account's id.", "12")},
    account=True,
    withdraws=True,
)
