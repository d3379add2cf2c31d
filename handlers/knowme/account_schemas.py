"""The bodies that accounts, passwords and addresses are sent in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from handlers.core.rest.fields import (
    NOT_EMAIL,
    REQUIRED,
    Body,
    Email,
    Flag,
    Name,
    check_email,
    choice,
    refuse,
    text,
)
from handlers.core.rest.strength import check_password
from storage.mailboxes import Mailbox

LONGEST_PASSWORD = 128
LONGEST_KEY = 64

USER_EXISTS = "user with this email already exists."
ADDRESS_EXISTS = "email address with this email already exists."
NEITHER = "Either 'key' or 'old_password' must be given."
WRONG_OLD = "Authentication failed. The provided password does not match your current password."
NOT_YET_PRIMARY = "An email address cannot be set as the primary when it is created."
ADDRESS_STAYS = (
    "An email's address cannot be changed. Instead, a new email address should be added and swapped "
    "with this one."
)
ACTION_STAYS = "The verification action of an existing email address may not be changed."
UNVERIFIED = "The email address must be verified before it can be set as the primary address."

ABSENT = object()


def require(value: Any) -> Any:
    """Complain about a field that neither it nor its alias was sent for."""
    return refuse(REQUIRED) if value is ABSENT else value


def refuse_for(reason: str) -> AfterValidator:
    """Refuse a value where the context, what is known of it, is true."""

    def check(value: str, info: ValidationInfo) -> str:
        return refuse(reason) if info.context else value

    return AfterValidator(check)


def accept_key(value: str, info: ValidationInfo) -> str:
    """Accept a key unless the context says what is wrong with it."""
    return refuse(info.context) if info.context else value


def accept_old(value: str, info: ValidationInfo) -> str:
    """Accept the old password where the context is true: it was tried."""
    return value if info.context else refuse(WRONG_OLD)


Asked = Annotated[str, text(not_text=NOT_EMAIL, checks=[check_email]), BeforeValidator(require)]
# Other systems did not trim: a hash that they made may fit the text only as it came.
Tried = Annotated[str, text(None, trim=False)]
FirstPassword = Annotated[
    str,
    Field(max_length=LONGEST_PASSWORD),
    text(LONGEST_PASSWORD, checks=[check_password(LONGEST_PASSWORD)]),
]
NewPassword = Annotated[str, text(None, checks=[check_password()])]
Key = Annotated[str, text(None)]
ConfirmationKey = Annotated[str, Field(max_length=LONGEST_KEY), AfterValidator(accept_key), text(LONGEST_KEY)]
OldPassword = Annotated[str, AfterValidator(accept_old), text(None, trim=False)]
Action = Annotated[int, choice(1, 2)]


class RegisterBody(Body):
    """A new account; the context tells whether the address is taken."""

    email: Annotated[Email, refuse_for(USER_EXISTS)]
    password: FirstPassword
    first_name: Name
    last_name: Name


class LoginBody(Body):
    """Who signs in: `username`, or `email` where that alone is sent."""

    username: Asked = ""
    email: Asked = ""
    password: Tried

    @model_validator(mode="before")
    @classmethod
    def _take_one(cls, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        if "email" in fields and "username" not in fields:
            return fields
        return {"username": ABSENT, **{name: value for name, value in fields.items() if name != "email"}}

    @property
    def address(self) -> str:
        """Return the address that was given, under either name."""
        return self.username or self.email


class ProfileBody(Body):
    """The names of an account."""

    first_name: Name
    last_name: Name


class ResetBody(Body):
    """An address to mail a reset to."""

    email: Email


class ChangePasswordBody(Body):
    """A new password, by a mailed key or by the old one, which a key makes superfluous."""

    new_password: NewPassword
    key: Key = ""
    old_password: OldPassword = ""

    @model_validator(mode="before")
    @classmethod
    def _prefer_key(cls, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        if "key" not in fields:
            return fields
        return {name: value for name, value in fields.items() if name != "old_password"}

    @model_validator(mode="after")
    def _require_one(self) -> Self:
        return self if self.key or self.old_password else refuse(NEITHER)


class VerifyBody(Body):
    """A mailed key and the account's password; the context says what is wrong with the key."""

    key: ConfirmationKey
    password: Tried


def refuse_primary(value: bool) -> bool:
    """Complain about an address that shall be primary before it is proven."""
    return refuse(NOT_YET_PRIMARY) if value else value


class NewMailboxBody(Body):
    """A further address; the context tells whether it is taken."""

    email: Annotated[Email, refuse_for(ADDRESS_EXISTS)]
    verified_action: Action = 1
    primary: Annotated[Flag, AfterValidator(refuse_primary)] = False


@dataclass(frozen=True, slots=True)
class KnownMailbox:
    """What a change of an address is held against: the address, and whether the one sent is another's."""

    mailbox: Mailbox
    taken: bool


def known_mailbox(info: ValidationInfo) -> KnownMailbox:
    """Return the context."""
    assert isinstance(info.context, KnownMailbox)
    return info.context


def keep_address(value: str, info: ValidationInfo) -> str:
    """Accept the same address only."""
    known = known_mailbox(info)
    if value.lower() != known.mailbox.email.lower():
        refuse(ADDRESS_EXISTS if known.taken else ADDRESS_STAYS)
    return value


def keep_action(value: int, info: ValidationInfo) -> int:
    """Accept the same action only."""
    return value if value == known_mailbox(info).mailbox.verified_action else refuse(ACTION_STAYS)


def allow_primary(value: bool, info: ValidationInfo) -> bool:
    """Accept what is verified, or primary already."""
    mailbox = known_mailbox(info).mailbox
    return value if not value or mailbox.verified or mailbox.primary else refuse(UNVERIFIED)


class MailboxBody(Body):
    """A change of an address: only which one is primary can change; the context is a KnownMailbox."""

    email: Annotated[Email, AfterValidator(keep_address)]
    verified_action: Annotated[Action, AfterValidator(keep_action)] = 1
    primary: Annotated[Flag, AfterValidator(allow_primary)] = False
