"""The fields that a member may set: what each accepts, and what it becomes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from handlers.core.errors import FieldError, Invalid

Parser = Callable[[Any], Any]

TRUE, FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0", ""})
PHONE = re.compile(r"[0-9 +().\-/]*")
# A host without what separates or quotes addresses in a mail's head: it could never be written to.
_LABEL = r"[^@\s.,;:<>()\[\]\"\\\x00-\x1f\x7f-\x9f]+"
EMAIL = re.compile(rf"[^@\s\x00-\x1f\x7f-\x9f]+@{_LABEL}(\.{_LABEL})+")
ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?![0-9])")
AUSTRALIA = frozenset({"au", "australia"})
DOB_PARTS = ("dobYear", "dobMonth", "dobDay")
OLDEST = 1900


def text(longest: int) -> Parser:
    """Accept a text of at most so many characters, trimmed; null is an empty one."""

    def parse(value: Any) -> str:
        if value is None:
            return ""
        if not isinstance(value, str):
            raise ValueError("is not a text")
        trimmed = value.strip()
        if len(trimmed) > longest:
            raise ValueError(f"is longer than {longest} characters")
        return trimmed

    return parse


def numeric_text(longest: int) -> Parser:
    """Accept a text, or a whole number in its place."""
    parse_text = text(longest)

    def parse(value: Any) -> str:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return str(parse_text(str(value) if whole else value))

    return parse


def parse_postcode(value: Any) -> str:
    """Accept a text of at most 10 characters; a whole number gets its leading zeros back."""
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return str(text(10)(str(value).zfill(4) if whole else value))


def parse_flag(value: Any) -> bool:
    """Accept true and false in the spellings of old clients."""
    if value is None or value is False or value is True:
        return bool(value)
    spelled = str(value).strip().lower() if isinstance(value, int | str) else None
    if spelled in TRUE:
        return True
    if spelled in FALSE:
        return False
    raise ValueError("is not true or false")


def parse_email(value: Any) -> str:
    """Accept an address: one @, no blanks or controls, a dot in the domain, at most 254 characters."""
    address = str(text(254)(value))
    if EMAIL.fullmatch(address) is None:
        raise ValueError("is not an e-mail address")
    return address


def parse_phone(value: Any) -> str:
    """Accept digits, blanks and + ( ) . - /, at most 30 characters, kept as typed."""
    number = str(numeric_text(30)(value))
    if PHONE.fullmatch(number) is None:
        raise ValueError("is not a phone number (digits, blanks and + ( ) . - / are)")
    return number


def parse_dob(value: Any) -> str:
    """Accept a date as given, or the form of an older store."""
    if isinstance(value, dict) and value.get("__type") == "Date":
        value = value.get("iso", value)
    return str(text(40)(value))


def parse_regions(value: Any) -> list[str]:
    """Accept at most 50 texts of at most 20 characters."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError("is not a list of texts")
    if len(value) > 50:
        raise ValueError("has more than 50 entries")
    return [str(text(20)(each)) for each in value]


def parse_version(value: Any) -> float:
    """Accept a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("is not a number")
    return value


def digits(low: int, high: Callable[[], int]) -> Parser:
    """Accept nothing, or digits that stand for a number in the range; they stay as typed."""
    parse_text = numeric_text(4)

    def parse(value: Any) -> str:
        typed = str(parse_text(value))
        if typed and not (typed.isascii() and typed.isdigit() and low <= int(typed) <= high()):
            raise ValueError(f"is not a number from {low} to {high()}")
        return typed

    return parse


def this_year() -> int:
    """Return the current year."""
    return date.today().year


FIELDS: Mapping[str, Parser] = {
    "username": text(254),
    "email": parse_email,
    "name": text(800),
    **dict.fromkeys(("fname", "mnames", "sname"), text(255)),
    "address": text(500),
    **dict.fromkeys(("addr_street_no", "addr_street", "addr_suburb"), text(200)),
    "addr_postcode": parse_postcode,
    "addr_country": text(60),
    "addr_version": parse_version,
    "dobDay": digits(1, lambda: 31),
    "dobMonth": digits(1, lambda: 12),
    "dobYear": digits(OLDEST, this_year),
    "dob": parse_dob,
    "valid_regions": parse_regions,
    "contact_number": parse_phone,
    "member_comment": text(5000),
    "referred_by": text(500),
    **dict.fromkeys(
        (
            *("onAECRoll", "state_consent", "volunteer", "supervol", "volhtv", "vol_organise"),
            *("candidature_federal", "candidature_state", "candidature_local"),
            *("do_not_email_updates", "smsOptOut", "other_party_membership", "do_not_call"),
        ),
        parse_flag,
    ),
}


def read_fields(
    body: Mapping[str, Any], stored: Mapping[str, Any] | None = None, missing: Iterable[FieldError] = ()
) -> dict[str, Any]:
    """Read the settable fields of a body; everything else is ignored; raises Invalid with all that is wrong.

    What the caller found to be missing is told together with what is wrong here.
    A value equal to the stored one always passes and stays as it is: clients post whole objects back,
    and what an import brought need not meet these rules.
    """
    before = stored or {}
    values: dict[str, Any] = {}
    errors = list(missing)
    for name in FIELDS.keys() & body.keys():
        if name in before and same(body[name], before[name]):
            continue
        try:
            values[name] = FIELDS[name](body[name])
        except ValueError as error:
            errors.append(FieldError(name, "value_error", str(error)))
    if not errors:
        values |= split_dob(body, values)
        errors += check_together(values, {**before, **values})
    if errors:
        raise Invalid(sorted(errors, key=lambda each: each.field))
    return {
        name: value for name, value in values.items() if name not in before or not same(value, before[name])
    }


def same(one: Any, other: Any) -> bool:
    """Compare without taking true for 1."""
    return type(one) is type(other) and one == other


def split_dob(body: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, str]:
    """Set day, month and year from a whole date of birth, where the body has none of them."""
    found = ISO_DAY.match(values.get("dob", ""))
    if found is None or any(part in body for part in DOB_PARTS) or not is_day(*found.groups()):
        return {}
    return {part: str(int(number)) for part, number in zip(DOB_PARTS, found.groups(), strict=True)}


def is_day(year: str, month: str, day: str) -> bool:
    """Tell whether it is a real day, not before 1900 and not in the future."""
    try:
        return int(year) >= OLDEST and date(int(year), int(month), int(day)) <= date.today()
    except (ValueError, TypeError):  # an import may have brought anything
        return False


def check_together(values: Mapping[str, Any], after: Mapping[str, Any]) -> list[FieldError]:
    """Check what depends on several fields: the day of birth, and a postcode by its country."""
    errors = []
    born = [after.get(part) or "" for part in DOB_PARTS]
    if any(part in values for part in DOB_PARTS) and all(born) and not is_day(*born):
        errors.append(FieldError("dobDay", "value_error", "is not a day of the past"))
    if values.get("addr_postcode") and str(after.get("addr_country", "au")).lower() in AUSTRALIA:
        postcode = values["addr_postcode"]
        if re.fullmatch(r"[0-9]{4}", postcode) is None:
            errors.append(FieldError("addr_postcode", "value_error", "is not four digits"))
    return errors
