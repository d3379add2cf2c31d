"""Choices from lists, and numbers that stand for stored things, as bodies of Klub have them.

The validators' context is a mapping: for each kind of things, those that exist.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BeforeValidator, ValidationInfo

from handlers.core.rest.fields import NULL, refuse, show, to_id

EMPTY_LIST = "This list may not be empty."


def select(value: Any, values: Collection[str]) -> str:
    """Accept one of some words."""
    spelled = show(value).strip()
    return spelled if spelled in values else refuse(f'"{show(value)}" is not a valid choice.')


def existing(info: ValidationInfo, kind: str) -> Collection[Any]:
    """Return what exists of a kind."""
    assert info.context is not None
    known: Collection[Any] = info.context[kind]
    return known


def chosen(kind: str) -> BeforeValidator:
    """Accept a blank, or one of the words of a kind."""

    def read(value: Any, info: ValidationInfo) -> str:
        return refuse(NULL) if value is None else select(value, ("", *existing(info, kind)))

    return BeforeValidator(read)


def some_of(*values: str) -> BeforeValidator:
    """Accept a list of some words; returns each once, in the order of `values`."""

    def read(value: Any) -> list[str]:
        picked = {select(each, values) for each in read_list(value)}
        return [each for each in values if each in picked]

    return BeforeValidator(read)


def read_list(value: Any) -> list[Any]:
    """Accept a list of anything."""
    if value is None:
        refuse(NULL)
    if not isinstance(value, list):
        refuse(f'Expected a list of items but got type "{type(value).__name__}".')
    return value


def read_pk(value: Any, known: Collection[int]) -> int:
    """Accept the number of a thing that exists."""
    digits = isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]+\s*", value, re.ASCII)
    if not digits and value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        refuse(f"Incorrect type. Expected pk value, received {type(value).__name__}.")
    number = to_id(value)
    if number is None or number not in known:
        refuse(f'Invalid pk "{value}" - object does not exist.')
    return number


def pk(kind: str, *, null: bool = False) -> BeforeValidator:
    """Accept the number of a thing of a kind; a blank is null."""

    def read(value: Any, info: ValidationInfo) -> int | None:
        if value is None or value == "":
            return None if null else refuse(NULL)
        return read_pk(value, existing(info, kind))

    return BeforeValidator(read)


def pks(kind: str) -> BeforeValidator:
    """Accept a list, never empty, of numbers of things of a kind; returns each once."""

    def read(value: Any, info: ValidationInfo) -> list[int]:
        known = existing(info, kind)
        found = list(dict.fromkeys(read_pk(each, known) for each in read_list(value)))
        return found or refuse(EMPTY_LIST)

    return BeforeValidator(read)


def by_id(kind: str) -> BeforeValidator:
    """Accept the number of a thing of a kind, in the words of references by a field; returns the thing."""

    def read(value: Any, info: ValidationInfo) -> Any:
        if value is None or value == "":
            refuse(NULL)
        if not isinstance(value, str | int | float):
            refuse("Invalid value.")
        known, number = existing(info, kind), to_id(value)
        assert isinstance(known, Mapping)
        return known[number] if number in known else refuse(f"Object with id={value} does not exist.")

    return BeforeValidator(read)


def several(kind: str) -> BeforeValidator:
    """Accept a list of words of a kind; returns each once."""

    def read(value: Any, info: ValidationInfo) -> list[str]:
        words = existing(info, kind)
        return list(dict.fromkeys(select(each, words) for each in read_list(value)))

    return BeforeValidator(read)


def named(fields: Mapping[str, Any], *names: str) -> set[int]:
    """Collect the numbers that unchecked fields name, alone or in lists, to look them up."""
    found: set[int] = set()
    for name in names:
        value = fields.get(name)
        found |= {
            number for each in (value if isinstance(value, list) else [value]) if (number := to_id(each))
        }
    return found
