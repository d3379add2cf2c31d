"""Puts errors into the words and the shapes of Django REST framework."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from handlers.core.errors import (
    ApiError,
    BadHost,
    Denied,
    FieldError,
    MethodNotAllowed,
    NotFound,
    Throttled,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unexpected,
)
from handlers.core.rest.fields import REFUSED, REQUIRED

WHOLE = "non_field_errors"
NOT_PROVIDED = "Authentication credentials were not provided."


def read_errors(error: Any) -> list[FieldError]:
    """Put one of pydantic's errors into words; one value may have several complaints."""
    where = ".".join(str(part) for part in error["loc"])
    kind = str(error["type"])
    if kind == REFUSED:
        return [FieldError(where or WHOLE, kind, reason) for reason in error["ctx"]["texts"]]
    if kind == "missing":
        return [FieldError(where, kind, REQUIRED)]
    given = type(error["input"]).__name__
    return [
        FieldError(
            f"{where}.{WHOLE}".lstrip("."), kind, f"Invalid data. Expected a dictionary, but got {given}."
        )
    ]


def nest(fields: Sequence[FieldError]) -> dict[str, Any]:
    """List the reasons under their fields, those of nested objects in nested objects."""
    tree: dict[str, Any] = {}
    for each in fields:
        *parents, name = each.field.split(".")
        place = tree
        for parent in parents:
            place = place.setdefault(parent, {})
        place.setdefault(name, []).append(each.reason)
    return tree


def describe(error: ApiError) -> str:
    """Put an error into one sentence."""
    match error:
        case Unauthenticated():
            return error.detail or NOT_PROVIDED
        case Denied():
            return error.detail or "You do not have permission to perform this action."
        case NotFound():
            return "Not found."
        case MethodNotAllowed():
            return f'Method "{error.method}" not allowed.'
        case BadHost():
            return "Invalid host."
        case TooLarge():
            return f"The request body is larger than {error.limit} bytes."
        case Unavailable():
            return error.detail or "Service temporarily unavailable, try again later."
        case Throttled(retry_after=seconds):
            unit = "second" if seconds == 1 else "seconds"
            return f"Request was throttled. Expected available in {seconds} {unit}."
        case Unexpected():
            return "Internal server error."
    return error.detail or "The request was refused."
