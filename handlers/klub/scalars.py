"""Flags, numbers, addresses of the web and of mail, as bodies of Klub have them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from handlers.core.rest.fields import (
    FALSE,
    NOT_EMAIL,
    NULL,
    TRUE,
    check_email,
    is_domain,
    refuse,
    show,
    text,
)
from handlers.klub.fields import LARGEST, whole

NOT_NUMBER = "A valid number is required."
NOT_FLAG = "Must be a valid boolean."
NOT_URL = "Enter a valid URL."
LONGEST_URL, LONGEST_EMAIL = 200, 254
_OCTET = r"(25[0-5]|2[0-4]\d|1?\d?\d)"
_IPV4 = re.compile(rf"{_OCTET}(\.{_OCTET}){{3}}", re.ASCII)


def read_flag(value: Any) -> bool:
    """Accept true and false in the usual spellings."""
    if value is None:
        refuse(NULL)
    spelled = show(value).strip().lower()
    if spelled in TRUE:
        return True
    return False if spelled in FALSE else refuse(NOT_FLAG)


def read_number(value: Any) -> float | None:
    """Accept a finite number or its text, or null."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str) or "_" in str(value):
        refuse(NOT_NUMBER)
    try:
        found = float(value)
    except (ValueError, OverflowError):
        refuse(NOT_NUMBER)
    return found if math.isfinite(found) else refuse(NOT_NUMBER)


def check_url(value: str) -> Iterable[str]:
    """Complain about what is no address of the web."""
    if not is_url(value):
        yield NOT_URL


def is_url(value: str) -> bool:
    """Tell whether a text is an http(s) address with a host that can exist."""
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    known = is_domain(host.removesuffix(".")) or _IPV4.fullmatch(host) or "[" in parts.netloc
    return parts.scheme in {"http", "https"} and bool(known) and re.search(r"\s", value) is None


Flag = Annotated[bool, BeforeValidator(read_flag)]
Count = Annotated[int | None, Field(ge=0, le=LARGEST), whole(null=True)]
Number = Annotated[float | None, BeforeValidator(read_number)]
Url = Annotated[  # a blank one is none
    str | None,
    Field(max_length=LONGEST_URL, json_schema_extra={"format": "uri"}),
    AfterValidator(lambda value: value or None),
    text(LONGEST_URL, blank=True, null=True, checks=[check_url]),
]
OptionalEmail = Annotated[
    str,
    Field(max_length=LONGEST_EMAIL, json_schema_extra={"format": "email"}),
    AfterValidator(str.lower),
    text(LONGEST_EMAIL, blank=True, not_text=NOT_EMAIL, checks=[check_email]),
]
