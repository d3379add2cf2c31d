"""Reads JSON bodies: everything that MongoDB or a store could choke on is refused here."""

from __future__ import annotations

import re
from typing import Any

import orjson

from handlers.core.errors import Malformed

LARGEST = 2**63 - 1  # of a BSON integer
_LONG_NUMBER = re.compile(rb"[0-9]{19}|[0-9][eE]")


def read_json(body: bytes) -> Any:
    """Read one JSON value; raises Malformed with the reason.

    orjson already refuses bad UTF-8, lone surrogates, NaN and deep nesting; NUL characters and numbers
    beyond 64 bits (which it would round to floats) are left to find.
    """
    if not body.strip():
        raise Malformed("the body is empty; one JSON object was expected")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"the body is not JSON: {error}") from None
    if b"\\u0000" in body or _LONG_NUMBER.search(body):
        check_values(value)
    return value


def read_object(body: bytes) -> dict[str, Any]:
    """Read one JSON object; raises Malformed."""
    value = read_json(body)
    if not isinstance(value, dict):
        raise Malformed("the body is not a JSON object")
    return value


def check_values(value: Any) -> None:
    """Refuse NUL characters and numbers beyond 64 bits, at any depth."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text if "\0" in text:
                raise Malformed("a text holds a NUL character")
            case bool():
                continue
            case int() as number if not -LARGEST - 1 <= number <= LARGEST:
                raise Malformed("a number is beyond 64 bits")
            case float() as number if abs(number) > LARGEST:  # may stand for a longer whole number
                raise Malformed("a number is beyond 64 bits")
            case dict() as fields:
                waiting += fields.keys()
                waiting += fields.values()
            case list() as items:
                waiting += items
