"""What a line of the members' dialect's `users` says of a person, in the types that are stored here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from storage.driver import Document, ObjectId
from storage.imports.flux_kinds import postcode
from storage.imports.record import Record, blame
from storage.imports.shapes import (
    Reader,
    anything,
    each,
    flag,
    maybe,
    moment,
    number,
    read_field,
    second,
    text,
    whole,
)

LONGEST_ADDRESS, LONGEST_SECRET = 254, 50
HIGHEST_ID = 2**53  # what every client can still count exactly
FOREIGN_HASH = re.compile(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}")
USABLE_HASH = re.compile(r"(\$2[abxy]?\$|pbkdf2_sha256\$|pbkdf2:|bcrypt_sha256\$|bcrypt\$).+")

# What others here keep on a person, and what rights a dump may not give.
PRIVATE = frozenset(
    {
        *("email_lower", "addr_state", "phone_bank", "auth", "km", "klub", "comics", "pybossa"),
        *("emails", "telephones", "roles", "is_staff", "is_superuser", "is_admin", "admin", "superuser"),
        *("success", "set_password"),
    }
)


def address(value: Any, longest: int = LONGEST_ADDRESS) -> str:
    """Read an e-mail address; an empty one stands for none."""
    typed = text(value).strip()
    if not typed:
        return ""
    if len(typed) > longest or re.fullmatch(r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+", typed) is None:
        raise ValueError("is not an e-mail address")
    return typed


def secret(value: Any) -> str | None:
    """Read a member's secret; without one a new one is made."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > LONGEST_SECRET or "\0" in value:
        raise ValueError(f"is not a text of 1 to {LONGEST_SECRET} characters")
    return value


def birth_date(value: Any) -> str:
    """Read a date of birth; of Parse's form only its text is kept."""
    if isinstance(value, dict) and value.get("__type") == "Date":
        value = value.get("iso")
    return text(value)


def account_number(value: Any) -> int | None:
    """Read the integer id; one that can't be ours counts as none."""
    if value is None:
        return None
    return found if 0 < (found := whole(value)) < HIGHEST_ID else None


def regions(value: Any) -> list[str]:
    """Read a list of texts; null is an empty one."""
    texts: list[str] = [] if value is None else each(text)(value)
    return texts


TEXTS = (
    *("username", "name", "fname", "mnames", "sname", "address", "addr_street_no", "addr_street"),
    *("addr_suburb", "addr_country", "dobDay", "dobMonth", "dobYear", "contact_number", "member_comment"),
    *("referred_by", "password"),
)
FLAGS = (
    *(
        "email_validated",
        "is_active",
        "onAECRoll",
        "phone_verified",
        "state_consent",
        "volunteer",
        "supervol",
    ),
    *("volhtv", "vol_organise", "candidature_federal", "candidature_state", "candidature_local"),
    *("do_not_email_updates", "smsOptOut", "other_party_membership", "do_not_call", "needsValidating"),
    *("detailsValid", "doubleCheckedValidation", "valid_federal", "valid_state", "reliable"),
)
READERS: Mapping[str, Reader] = {
    **dict.fromkeys(TEXTS, text),
    **dict.fromkeys(FLAGS, flag),
    **dict.fromkeys(("lastValidated", "lastValidationGet", "lastUpdated"), second),
    **dict.fromkeys(("signup_ip", "cf_connecting_ip", "validationReason"), maybe(text)),
    "email": address,
    "s": secret,
    "id": account_number,
    "addr_postcode": postcode,
    "addr_version": number,
    "dob": birth_date,
    "valid_regions": regions,
    "timestamp": moment,
}
# Null says nothing of these; of a text or a flag it says that it is empty.
OMITTED_AS_NULL = frozenset(
    {
        *("timestamp", "addr_version", "lastValidated", "lastValidationGet", "lastUpdated", "is_active"),
        *("state_consent", "needsValidating", "validationReason", "reliable"),
    }
)
# What makes the account rather than describes its person.
IDENTITY = ("_id", "email", "s", "id", "password", "email_validated", "is_active")


@dataclass(frozen=True, slots=True)
class MemberLine:
    """A line: its key, the address, credentials, and the fields that members and clients see.

    `password` is empty unless it is a hash that can match here or one that is kept for the record.
    """

    place: int
    key: ObjectId
    email: str
    secret: str | None = field(repr=False)
    number: int | None
    password: str = field(repr=False)
    verified: bool
    active: bool
    fields: Document = field(repr=False)

    @property
    def has_password(self) -> bool:
        """Tell whether the password can be signed in with."""
        return USABLE_HASH.fullmatch(self.password) is not None

    @property
    def joined(self) -> float:
        """Return when the person signed up, in Unix seconds; else when the document was made."""
        given = self.fields.get("timestamp")
        return float(given) if given is not None else self.key.generation_time.timestamp()


def read_member(record: Record) -> MemberLine:
    """Read a line; raises BadRecord."""
    with blame(record):
        if not isinstance(record.row["_id"], ObjectId):
            raise ValueError("_id is not an ObjectId")
        if record.row.get("email") is None:
            raise ValueError("email is missing")
        values = {
            name: read_field(name, READERS.get(name, anything), value)
            for name, value in record.row.items()
            if name not in PRIVATE and not (value is None and name in OMITTED_AS_NULL)
        }
    password = values.get("password", "")
    kept = FOREIGN_HASH.fullmatch(password) or USABLE_HASH.fullmatch(password)
    return MemberLine(
        place=record.place,
        key=values["_id"],
        email=values["email"],
        secret=values.get("s"),
        number=values.get("id"),
        password=password if kept else "",
        verified=values.get("email_validated", False) and bool(values["email"]),
        active=values.get("is_active", True),
        fields={name: value for name, value in values.items() if name not in IDENTITY},
    )
