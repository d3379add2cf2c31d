"""Forms: which fields they have, how those are read, and how they are shown again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from handlers.core.body import read_object
from handlers.core.rest.body import FORM_TYPE, JSON_TYPE, MULTIPART_TYPE, read_form, read_multipart

FALSE = frozenset({"false", "False", "no", "off", "n", "0", ""})
CORRECT = "Please correct the errors"

Errors = Mapping[str, Sequence[str]]


def read_text(value: Any) -> str:
    """Accept a text, or a number as its decimal text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise ValueError("must be a text")
    if "\0" in value:
        raise ValueError("must not hold a NUL character")
    return value


def read_flag(value: Any) -> bool:
    """Tell what counts as true: everything but false, 0, nothing, and the words for no."""
    return value not in FALSE if isinstance(value, str) else bool(value)


Text = Annotated[str, BeforeValidator(read_text)]
Flag = Annotated[bool, BeforeValidator(read_flag)]


class Form(BaseModel):
    """What a form sends; texts begin empty, and what is null counts as not sent."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    passwords: ClassVar[frozenset[str]] = frozenset()  # what no page repeats

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: value for name, value in fields.items() if value is not None}

    @classmethod
    def describe(
        cls, csrf: str, values: Mapping[str, Any] | None = None, errors: Errors | None = None
    ) -> dict[str, Any]:
        """Return the form as replies show it; texts without a value are null."""
        blank = {name: field.default for name, field in cls.model_fields.items()}
        shown = {name: None if default == "" else default for name, default in blank.items()}
        return {**shown, **(values or {}), "errors": dict(errors or {}), "csrf": csrf}

    def repeat(self, csrf: str, errors: Errors | None = None) -> dict[str, Any]:
        """Return the form with what was sent."""
        return self.describe(csrf, self.model_dump(), errors)


def read_sent(content_type: str, body: bytes) -> Mapping[str, Any]:
    """Read the fields of a request's body; raises Malformed. Other types of bodies have none."""
    kind = content_type.partition(";")[0].strip().lower()
    if not body.strip():
        return {}
    if kind == JSON_TYPE:
        return read_object(body)
    if kind == FORM_TYPE:
        return flatten(read_form(body, errors="strict"))
    return flatten(read_multipart(content_type, body, errors="strict")) if kind == MULTIPART_TYPE else {}


def flatten(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Drop what dotted names have become: no field of this dialect's has a dot."""
    return {name: value for name, value in fields.items() if not isinstance(value, dict)}
