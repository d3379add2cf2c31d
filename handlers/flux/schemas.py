"""The wire models of the members' dialect; whole member objects are read field by field (fields.py)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from storage.driver import Document

# What another dialect or the server itself keeps in the shared document never goes out.
PRIVATE = frozenset(
    {
        *("password", "email_lower", "addr_state", "phone_bank"),
        *("auth", "km", "klub", "comics", "pybossa"),
        *("emails", "telephones", "roles", "is_staff", "is_superuser"),
    }
)


def user_object(person: Document) -> Document:
    """Return the member as stored, without what is private."""
    return {name: value for name, value in person.items() if name not in PRIVATE}


def read_number(value: Any) -> Any:
    """Accept a whole number, or a text of digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
        return int(value)
    raise ValueError("is not a whole number")


def read_option(value: Any) -> Any:
    """Accept a text; a whole number stands for its digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return value
    raise ValueError("is not a text")


Number = Annotated[int, BeforeValidator(read_number)]
OptionId = Annotated[str, BeforeValidator(read_option)]


class Body(BaseModel):
    """A JSON object; unknown keys are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore")


class AnyBody(Body):
    """A JSON object whose fields the operation reads itself."""


class AddressBody(Body):
    """An e-mail address, valid or not."""

    email: str


class VoteBody(Body):
    """A choice in a poll."""

    poll_id: Number
    option_id: OptionId


class PollQuery(BaseModel):
    """Which poll."""

    poll_id: Number = 1


class AdminBody(Body):
    """Whom to make an admin."""

    email: str


class RoleBody(Body):
    """Whom to give a role."""

    role: str
    email: str
