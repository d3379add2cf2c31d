"""Kinds of fields that several bodies of Klub have."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from handlers.core.rest.fields import NULL, Email, is_storable, refuse, show, text
from handlers.core.rest.strength import SHORTEST, check_password

LARGEST = 2**31 - 1
NOT_WHOLE = "A valid integer is required."
BAD_TELEPHONE = "Telephone must consist of numbers, spaces and plus sign"
SHORTEST_TELEPHONE, LONGEST_TELEPHONE = 9, 100
_WHOLE = re.compile(r"[+-]?[0-9]{1,30}(?:\.0*)?")
_TELEPHONE = re.compile(r"[0-9+ ]*")


def whole(low: int = 0, high: int = LARGEST, *, null: bool = False) -> BeforeValidator:
    """Accept a whole number within bounds, or its digits."""

    def read(value: Any) -> int | None:
        if value is None:
            return None if null else refuse(NULL)
        number = read_whole(value)
        if number is None:
            refuse(NOT_WHOLE)
        if number < low:
            refuse(f"Ensure this value is greater than or equal to {low}.")
        if number > high:
            refuse(f"Ensure this value is less than or equal to {high}.")
        return number

    return BeforeValidator(read)


def read_whole(value: Any) -> int | None:
    """Read a whole number or its digits, with zeros behind a point or not; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, int):
        return value
    digits = str(value).strip()
    return int(digits.partition(".")[0]) if _WHOLE.fullmatch(digits) else None


def one_of(*values: str, blank: bool = False, null: bool = False) -> BeforeValidator:
    """Accept one of some words."""

    def read(value: Any) -> str | None:
        if value is None:
            return None if null else refuse(NULL)
        if value == "" and blank:
            return ""
        if show(value) not in values:
            refuse(f'"{show(value)}" is not a valid choice.')
        return show(value)

    return BeforeValidator(read)


def reference(name: str) -> BeforeValidator:
    """Accept a slug that the validators' context knows: `name` is its attribute with the known ones."""

    def read(value: Any, info: Any) -> Any:
        if value is None or value == "":
            refuse(NULL)
        if not isinstance(value, str | int | float):
            refuse("Invalid value.")
        found = getattr(info.context, name).get(str(value))
        if found is None:
            refuse(f"Object with slug={value} does not exist.")
        return found

    return BeforeValidator(read)


def read_slugs(entries: Iterable[Any], name: str) -> set[str]:
    """Return what unchecked entries name as slugs under a key."""
    sent = (entry.get(name) for entry in entries if isinstance(entry, dict))
    return {str(slug) for slug in sent if isinstance(slug, str | int | float) and is_storable(str(slug))}


def check_telephone(value: str) -> Iterable[str]:
    """Complain about what is no telephone number, and about one that is too short."""
    if _TELEPHONE.fullmatch(value) is None:
        yield BAD_TELEPHONE
    if len(value) < SHORTEST_TELEPHONE:
        yield f"Ensure this value has at least {SHORTEST_TELEPHONE} characters (it has {len(value)})."


LowerEmail = Annotated[Email, AfterValidator(str.lower)]
NewPassword = Annotated[str, Field(min_length=SHORTEST), text(None, checks=[check_password()])]
Telephone = Annotated[
    str,
    Field(
        min_length=SHORTEST_TELEPHONE,
        max_length=LONGEST_TELEPHONE,
        json_schema_extra={"pattern": "^[0-9+ ]*$"},
    ),
    text(LONGEST_TELEPHONE, checks=[check_telephone]),
]
