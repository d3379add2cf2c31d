"""The shape of the shared `users` document: defaults, derived fields, what counts as electoral data.

Source of names and rules: the members' dialect, whose top-level fields every other dialect shares.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Mapping
from typing import Any

from storage.driver import Document, ObjectId

# A member's secret: 160 random bits, as 40 hex digits.
SECRET_BYTES = 20

# A write to one of these makes the person's membership worth another validation.
ELECTORAL = frozenset(
    {
        *("name", "fname", "mnames", "sname"),
        *("address", "addr_street_no", "addr_street", "addr_suburb", "addr_postcode", "addr_country"),
        *("dobDay", "dobMonth", "dobYear", "dob", "onAECRoll", "valid_regions"),
    }
)
UNVALIDATED: Mapping[str, bool] = {
    "needsValidating": True,
    "detailsValid": False,
    "doubleCheckedValidation": False,
    "valid_federal": False,
    "valid_state": False,
}
NAME_PARTS = ("fname", "mnames", "sname")
ADDRESS_PARTS = ("addr_street_no", "addr_street", "addr_suburb", "addr_postcode", "addr_country")

_TEXTS = (
    *("name", "fname", "mnames", "sname"),
    *("address", "addr_street_no", "addr_street", "addr_suburb", "addr_postcode"),
    *("dobDay", "dobMonth", "dobYear", "dob", "contact_number", "member_comment", "referred_by"),
)
_FLAGS = (
    *("onAECRoll", "phone_verified", "volunteer", "supervol", "volhtv", "vol_organise"),
    *("candidature_federal", "candidature_state", "candidature_local"),
    *("do_not_email_updates", "smsOptOut", "other_party_membership", "do_not_call"),
)

STATES = ("nsw", "qld", "sa", "nt", "act", "vic", "wa", "tas", "nostate", "weirdstate")
_FIRST_DIGIT = {"0": "nt", "2": "nsw", "3": "vic", "4": "qld", "5": "sa", "6": "wa", "7": "tas"}
_ACT = ((2600, 2612), (2614, 2617), (2900, 2906), (2911, 2914))


def make_secret() -> str:
    """Make the secret of a member, or any other token of 160 bits."""
    return secrets.token_hex(SECRET_BYTES)


def postcode_of(addr_postcode: str, address: str) -> str:
    """Return the postcode, or else the last four digits in a row of the address, or an empty text."""
    runs = re.findall(r"(?<![0-9])[0-9]{4}(?![0-9])", address)
    return addr_postcode or (runs[-1] if runs else "")


def state_of(addr_postcode: str, address: str) -> str:
    """Return the Australian state of a postcode; of the address's where there is none."""
    postcode = postcode_of(addr_postcode, address)
    if not postcode:
        return "nostate"
    if re.fullmatch(r"[0-9]{4}", postcode) is None:
        return "weirdstate"
    if any(low <= int(postcode) <= high for low, high in _ACT):
        return "act"
    return _FIRST_DIGIT.get(postcode[0], "weirdstate")


def joined_name(person: Mapping[str, Any]) -> str:
    """Join the parts of a name by one blank."""
    return " ".join(str(person[part]) for part in NAME_PARTS if person.get(part))


def joined_address(person: Mapping[str, Any]) -> str:
    """Join the parts of an address; a country alone is none."""
    parts = [str(person[part]) for part in ADDRESS_PARTS if person.get(part)]
    return "; ".join(parts) if any(person.get(part) for part in ADDRESS_PARTS[:-1]) else ""


def derive(person: Mapping[str, Any], changes: Mapping[str, Any], sent: Collection[str]) -> Document:
    """Complete a change: wholes that follow from parts, and the state of the address.

    `sent` names the fields that the caller gave, changed or not: with a part and without its whole,
    the whole follows; a whole that is sent is taken as sent.
    """
    complete = dict(changes)
    after = {**person, **changes}
    if "name" not in sent and any(part in sent for part in NAME_PARTS):
        complete["name"] = joined_name(after)
    if "address" not in sent and any(part in sent for part in ADDRESS_PARTS):
        complete["address"] = joined_address(after)
    after.update(complete)
    # An import may have brought numbers or nulls.
    postcode, address = (str(after.get(name) or "") for name in ("addr_postcode", "address"))
    complete["addr_state"] = state_of(postcode, address)
    return {name: value for name, value in complete.items() if name not in person or person[name] != value}


def new_person(number: int, email: str, fields: Mapping[str, Any], *, now: float, ip: str | None) -> Document:
    """Make the document of a person who signs up; `fields` are checked values of settable fields."""
    person: Document = {
        "_id": ObjectId(),
        "id": number,
        "s": make_secret(),
        "email": email,
        "email_lower": email.lower(),
        "username": email,
        "email_validated": False,
        "set_password": False,
        "password": "",
        "is_active": True,
        **dict.fromkeys(_TEXTS, ""),
        "addr_country": "au",
        "addr_version": 1,
        "valid_regions": [],
        **dict.fromkeys(_FLAGS, False),
        "state_consent": True,
        **UNVALIDATED,
        "timestamp": now,
        "signup_ip": ip,
        "cf_connecting_ip": None,
        "auth": {"superuser": False, "generation": 0},
    }
    given = {name: value for name, value in fields.items() if name != "email"}
    return {**person, **given, **derive(person, given, given)}
