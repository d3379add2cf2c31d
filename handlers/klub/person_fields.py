"""What several bodies of Klub say of people: names, birth dates, addresses, notes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from handlers.core.rest.body import Spelling
from handlers.core.rest.fields import Body, refuse, show, text
from handlers.klub.whoami import Name

OLDEST = 99  # years
LONGEST_NOTE, LONGEST_STREET, LONGEST_CITY, LONGEST_ZIP = 2000, 128, 40, 30


def pick(value: Any, numbers: Collection[int]) -> int | None:
    """Accept one of some numbers, or its digits, or null."""
    if value is None:
        return None
    spelled = {str(number): number for number in numbers}
    return (
        spelled[show(value)] if show(value) in spelled else refuse(f'"{show(value)}" is not a valid choice.')
    )


def read_year(value: Any) -> int | None:
    """Accept a year in which somebody who lives may be born."""
    this = datetime.now(UTC).year
    return pick(value, range(this - OLDEST, this + 1))


def read_month(value: Any) -> int | None:
    """Accept a month."""
    return pick(value, range(1, 13))


def read_date(value: Any) -> int | None:
    """Accept a day of a month."""
    return pick(value, range(1, 32))


def write_stored(value: str | int | None) -> str:
    """Return a value as it is stored: all of them are texts."""
    return "" if value is None else str(value)


Year = Annotated[
    int | None, Field(description="the year of birth, at most 99 years ago"), BeforeValidator(read_year)
]
Month = Annotated[int | None, Field(ge=1, le=12), BeforeValidator(read_month)]
DayOfMonth = Annotated[int | None, Field(ge=1, le=31), BeforeValidator(read_date)]
Note = Annotated[str, Field(max_length=LONGEST_NOTE), text(LONGEST_NOTE, blank=True)]
Street = Annotated[str, Field(max_length=LONGEST_STREET), text(LONGEST_STREET, blank=True)]
City = Annotated[str, Field(max_length=LONGEST_CITY), text(LONGEST_CITY, blank=True)]
ZipCode = Annotated[str, Field(max_length=LONGEST_ZIP), text(LONGEST_ZIP, blank=True)]


class PersonBody(Body):
    """A person."""

    first_name: Name = ""
    last_name: Name = ""
    age_group: Year = None
    birth_month: Month = None
    birth_day: DayOfMonth = None
    street: Street = ""
    city: City = ""
    zip_code: ZipCode = ""


FORMS = Spelling(lists=("program_of_interest",), nullable=("age_group", "birth_month", "birth_day"))
