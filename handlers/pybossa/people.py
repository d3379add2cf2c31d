"""What accounts may be called and reached by: the checks that several forms share."""

from __future__ import annotations

from handlers.core.mail import read_recipient
from storage.pybossa.people import FORBIDDEN, RESERVED, PyBossaUser
from storage.stores import Stores

SHORTEST, LONGEST_NAME, LONGEST_EMAIL, LONGEST_PASSWORD = 3, 35, 254, 1024
FORBIDDEN_SIGNS = "$#&\\/| and space symbols are forbidden"
NAME_TAKEN, NAME_RESERVED = "The user name is already taken", "This name is used by the system."
BAD_EMAIL, EMAIL_TAKEN = "Invalid email address.", "Email is already taken"
NO_PASSWORD, DIFFERENT = "Password cannot be empty", "Passwords must match"


def check_fullname(text: str) -> list[str]:
    """Return what is wrong with a full name."""
    return check_length("Full name", text, LONGEST_NAME)


async def check_name(stores: Stores, text: str, user: PyBossaUser | None = None) -> list[str]:
    """Return what is wrong with a user name; a person's own is not taken."""
    wrong = check_length("User name", text, LONGEST_NAME)
    if FORBIDDEN & set(text):
        wrong.append(FORBIDDEN_SIGNS)
    if (user is None or text != user.name) and await stores.pybossa.is_taken(text):
        wrong.append(NAME_TAKEN)
    return [*wrong, NAME_RESERVED] if text in RESERVED else wrong


async def check_new_email(stores: Stores, text: str, user: PyBossaUser | None = None) -> list[str]:
    """Return what is wrong with an address for an account; a person's own is not taken."""
    wrong = check_email(text)
    row = await stores.addresses.taken(text.strip())
    taken = row is not None and (user is None or row["user_id"] != user.oid)
    return [*wrong, EMAIL_TAKEN] if taken else wrong


def check_email(text: str) -> list[str]:
    """Return what is wrong with an address."""
    wrong = check_length("Email", text.strip(), LONGEST_EMAIL)
    return wrong if is_email(text.strip()) else [*wrong, BAD_EMAIL]


def is_email(text: str) -> bool:
    """Tell whether a text is one address that mail can be sent to."""
    user, at, domain = text.partition("@")
    labels = domain.split(".")
    if not (user and at) or "@" in domain or len(labels) < 2 or not all(labels):
        return False
    try:
        read_recipient(text)
    except ValueError:
        return False
    return not any(sign.isspace() for sign in text)


def check_password(text: str, again: str) -> list[str]:
    """Return what is wrong with a new password; blanks around it do not count."""
    if not text.strip():
        return [NO_PASSWORD]
    return [] if text.strip() == again.strip() else [DIFFERENT]


def check_length(what: str, text: str, longest: int) -> list[str]:
    """Complain about a text that is too short or too long."""
    if SHORTEST <= len(text) <= longest:
        return []
    return [f"{what} must be between {SHORTEST} and {longest} characters long"]


def found(**errors: list[str]) -> dict[str, list[str]]:
    """Return the fields with something wrong."""
    return {name: wrong for name, wrong in errors.items() if wrong}
