"""The kinds of values that settings have: how each is read and what is refused."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

SHORTEST_KEY = 32  # bytes; RFC 7518 section 3.2 wants no less for HS256


def split_list(value: object) -> object:
    """Split a comma list; anything else passes through to pydantic."""
    return (
        tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
    )


def check_network(value: str) -> str:
    """Accept an IP address or a network in CIDR form."""
    ipaddress.ip_network(value, strict=False)
    return value


def check_base(value: str) -> str:
    """Accept scheme and host, with a port or not; a slash at the end is dropped."""
    if not re.fullmatch(r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?", value, re.ASCII):
        raise ValueError("must look like https://example.org")
    return value.rstrip("/")


def check_host(value: str) -> str:
    """Accept a host name or address without port; a leading dot stands for all names below it."""
    if not re.fullmatch(r"\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|[0-9A-Fa-f:]+", value, re.ASCII):
        raise ValueError(f"{value!r} is not a host name (no scheme, no port, no *)")
    return value.lower()


def check_sender(value: str) -> str:
    """Accept what mails may come from: `Name <name@host>`, or a bare address."""
    from handlers.core.mail import read_sender  # which has the settings at its own roots

    try:
        read_sender(value)
    except ValueError:
        raise ValueError("must look like Folkmoot <no-reply@example.org>") from None
    return value


def check_recipient(value: str) -> str:
    """Accept an e-mail address."""
    from handlers.core.mail import read_recipient

    try:
        read_recipient(value)
    except ValueError:
        raise ValueError(f"{value!r} is not an e-mail address") from None
    return value


CommaList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_list)]
Base = Annotated[str, AfterValidator(check_base)]
Recipients = Annotated[
    tuple[Annotated[str, AfterValidator(check_recipient)], ...], NoDecode, BeforeValidator(split_list)
]
Bases = Annotated[tuple[Base, ...], NoDecode, BeforeValidator(split_list)]
HostNames = Annotated[
    tuple[Annotated[str, AfterValidator(check_host)], ...], NoDecode, BeforeValidator(split_list)
]
Networks = Annotated[
    tuple[Annotated[str, AfterValidator(check_network)], ...], NoDecode, BeforeValidator(split_list)
]


def check_sms(value: SecretStr) -> SecretStr:
    """Accept what names a way out for short messages."""
    url = value.get_secret_value()
    if url == "console:":
        return value
    try:
        parts = urlsplit(url)
        complete = bool(parts.hostname) and parts.port != 0 and not re.search(r"\s", url)
    except ValueError:
        raise ValueError("has a wrong host or port") from None
    if parts.scheme not in {"http", "https"} or not complete:
        raise ValueError("must be console:, http://… or https://…")
    return value


def check_dsn(value: SecretStr) -> SecretStr:
    """Accept what names a project at Sentry."""
    key, host = r"[A-Za-z0-9_-]+(:[A-Za-z0-9_-]+)?", r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?"
    if not re.fullmatch(rf"https?://{key}@{host}(/[^\s?#]*)?/[0-9]+", value.get_secret_value(), re.ASCII):
        raise ValueError("must look like https://KEY@HOST/PROJECT")
    return value


class RateLimit(NamedTuple):
    """A fixed window: at most `calls` in `seconds`; 0 calls switches the limit off."""

    calls: int
    seconds: int


def parse_rate(value: object, usual: int = 1) -> object:
    """Read `N/SECONDS`, or `N` in the usual number of seconds, or `0` for no limit."""
    if isinstance(value, RateLimit):
        return value
    match = re.fullmatch(r"([0-9]{1,9})(?:/([0-9]{1,9}))?", str(value), re.ASCII)
    if match is None:
        raise ValueError("must look like 60/3600 (calls/seconds), or 0 for no limit")
    rate = RateLimit(int(match[1]), int(match[2] or usual))
    if rate.seconds < 1:
        raise ValueError("needs a window of at least one second")
    return rate


Rate = Annotated[RateLimit, NoDecode, BeforeValidator(parse_rate)]
QuarterHourly = Annotated[RateLimit, NoDecode, BeforeValidator(lambda value: parse_rate(value, 900))]
Hourly = Annotated[RateLimit, NoDecode, BeforeValidator(lambda value: parse_rate(value, 3600))]
Daily = Annotated[RateLimit, NoDecode, BeforeValidator(lambda value: parse_rate(value, 86_400))]


def check_uri(value: SecretStr) -> SecretStr:
    """Accept what may be a connection string of MongoDB's; the driver reads the rest."""
    if not value.get_secret_value().startswith(("mongodb://", "mongodb+srv://")):
        raise ValueError("must begin with mongodb:// or mongodb+srv://")
    return value


def check_key(value: SecretStr) -> SecretStr:
    """Accept a key that can't be guessed."""
    if 0 < len(value.get_secret_value().encode()) < SHORTEST_KEY:
        raise ValueError(f"is too short: at least {SHORTEST_KEY} bytes")
    return value


def check_media_url(value: str) -> str:
    """Accept a path of this host, or an http(s) address; it ends in a slash."""
    if not re.fullmatch(r"(https?:/)?/[^\s/?#]+(/[^\s?#]*)?|/", value):
        raise ValueError("must look like /media/comics/ or https://cdn.example.org/comics/")
    return value if value.endswith("/") else value + "/"
