"""What lists of events can be narrowed to and sorted by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from handlers.core.rest.fields import FALSE, TRUE, refuse, to_id
from handlers.klub.event_schemas import AUDIENCES, PROGRAM, PURPOSES, listed
from handlers.klub.moments import to_moment
from handlers.klub.paging import PageQuery
from storage.klub.event_queries import EventFilter, Span

NOT_MOMENT, NOT_NUMBER = "Enter a valid date/time.", "Enter a number."
MOMENTS = ("datetime_from", "datetime_to", "start_date")
EXACT = ("intended_for", "program", "basic_purpose")
KINDS = ("klub", "tabor", "vik", "viktabor", "ekostan", "vikekostan")
NEVER = datetime.max.replace(tzinfo=UTC)


def refuse_choice(value: str) -> None:
    """Refuse what is none of the choices."""
    refuse(f"Select a valid choice. {value} is not one of the available choices.")


def split(value: str) -> list[str]:
    """Return the members of a comma list."""
    return [part.strip() for part in value.split(",") if part.strip()]


class EventQuery(PageQuery):
    """Filters, order and page; what is empty does not filter."""

    datetime_from__gte: str = Field("", description="a date-time; likewise the next ones but the years")
    datetime_from__lte: str = ""
    datetime_from__year: str = ""
    datetime_to__gte: str = ""
    datetime_to__lte: str = ""
    datetime_to__year: str = ""
    start_date__gte: str = ""
    start_date__lte: str = ""
    start_date__year: str = ""
    intended_for: Annotated[str, listed("", *AUDIENCES)] = ""
    program: Annotated[str, PROGRAM] = ""
    basic_purpose: Annotated[str, listed("", *PURPOSES)] = ""
    is_internal: Annotated[str, listed("", "true", "false")] = ""
    administrative_unit: str = Field("", description="the id of a unit")
    event_type_array: str = Field("", description="slugs of event types, separated by commas")
    program_array: str = Field("", description="programs, separated by commas")
    intended_for_array: str = Field("", description="audiences, separated by commas")
    type: Annotated[str, listed("", *KINDS)] = ""
    ordering: str = Field("", description="keys separated by commas, with a minus descending")

    @field_validator("*")
    @classmethod
    def _trim(cls, value: str) -> str:
        return value.strip()

    @field_validator(*(f"{name}__{bound}" for name in MOMENTS for bound in ("gte", "lte")))
    @classmethod
    def _check_moment(cls, value: str) -> str:
        return value if not value or to_moment(value) is not None else refuse(NOT_MOMENT)

    @field_validator(*(f"{name}__year" for name in MOMENTS), "administrative_unit")
    @classmethod
    def _check_number(cls, value: str) -> str:
        return value if not value or read_decimal(value) is not None else refuse(NOT_NUMBER)

    @field_validator("intended_for", "basic_purpose")
    @classmethod
    def _check_choice(cls, value: str, info: ValidationInfo) -> str:
        if value and value not in (AUDIENCES if info.field_name == "intended_for" else PURPOSES):
            refuse_choice(value)
        return value

    @field_validator("program")
    @classmethod
    def _check_program(cls, value: str, info: ValidationInfo) -> str:
        if value and value not in (info.context or {}).get("programs", ()):
            refuse_choice(value)
        return value

    @property
    def filter(self) -> EventFilter:
        """Return what is asked for."""
        among: dict[str, Any] = {name: [value] for name in EXACT if (value := getattr(self, name))}
        lists = {name: getattr(self, f"{name}_array") for name in ("program", "intended_for")}
        flag = self.is_internal.lower()
        return EventFilter(
            spans=tuple(self._spans()),
            among=tuple(among.items())
            + tuple((name, split(value)) for name, value in lists.items() if value),
            internal=True if flag in TRUE else False if flag in FALSE else None,
            unit=to_unit(self.administrative_unit) if self.administrative_unit else None,
            types=split(self.event_type_array) if self.event_type_array else None,
            kind=self.type,
        )

    def _spans(self) -> Iterator[Span]:
        for name in MOMENTS:
            for operator in ("gte", "lte"):
                if (moment := to_moment(getattr(self, f"{name}__{operator}"))) is not None:
                    yield Span(name, operator, moment)
            if year := getattr(self, f"{name}__year"):
                yield from span_year(name, read_decimal(year))


def read_decimal(text: str) -> Decimal | None:
    """Read a finite number; None for what is none."""
    try:
        found = Decimal(text) if len(text) <= 100 and "_" not in text else Decimal("nan")
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def to_unit(text: str) -> int:
    """Return the number of a unit; -1, which none has, for a number that can't be one."""
    found = read_decimal(text)
    whole = found is not None and abs(found) < 2**63 and found == found.to_integral_value()
    number = to_id(int(found)) if whole and found is not None else None
    return number if number is not None else -1


def span_year(name: str, year: Decimal | None) -> Iterator[Span]:
    """Yield the bounds of a year in UTC; a year that can't be has no moment at all."""
    if year is None or year != year.to_integral_value() or not 1 <= year <= 9999:
        yield Span(name, "gt", NEVER)
        return
    yield Span(name, "gte", datetime(int(year), 1, 1, tzinfo=UTC))
    if year < 9999:
        yield Span(name, "lt", datetime(int(year) + 1, 1, 1, tzinfo=UTC))
