"""The models of comics: what the fields of their dumps' rows must look like, and which rows they name."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

from storage.imports.arrival import Arrival
from storage.imports.member_lines import address
from storage.imports.models import Link, Model
from storage.imports.record import Record
from storage.imports.sequences import is_number
from storage.imports.shapes import Field, Reader, instant, key, maybe, pk, string, whole
from storage.media import is_path

LONGEST_LINE, LONGEST_TEXT, LONGEST_HASH, LONGEST_KEY = 1000, 20_000, 1000, 200  # characters
LONGEST_LANGUAGE, LONGEST_NAME = 20, 255
MOST_IMAGES = 500  # of one release: they are stored inside it
MICROSECONDS = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST, LAST = (
    (moment - EPOCH).days * 86_400 * MICROSECONDS
    for moment in (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
)
USER, PROFILE = "auth.user", "accounts.userprofile"


def own_pk(value: Any) -> int:
    """Read the number of a row that is its id here, too."""
    if type(value) is int and is_number(value):  # like nearly all of millions
        return value
    if not is_number(number := pk(value)):
        raise ValueError("is not a positive number that can be an id")
    return number


def words(longest: int = LONGEST_LINE, *, empty: bool = True) -> Reader:
    """Read a text of so many characters at most."""

    def read_words(value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError("is not a text")
        if not value and not empty:
            raise ValueError("is empty")
        if len(value) > longest:
            raise ValueError(f"is longer than {longest} characters: it has {len(value)}")
        if "\0" in value:
            raise ValueError("has a NUL")
        return value

    return read_words


def truth(value: Any) -> bool:
    """Read a truth value; nothing else stands for one."""
    if not isinstance(value, bool):
        raise ValueError("is neither true nor false")
    return value


def moment(value: Any) -> int:
    """Read a time into microseconds since 1970; it lies within the years that a calendar has in UTC."""
    found = instant(value)
    if not FIRST <= found < LAST + 86_400 * MICROSECONDS:
        raise ValueError(f"is not a time: {value!r}")
    return found


def joined(value: Any) -> float:
    """Read a time into Unix seconds."""
    return moment(value) / MICROSECONDS


def day(value: Any) -> str:
    """Read a date, which stays a text."""
    if not isinstance(value, str) or re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is None:
        raise ValueError("is not a date")
    try:
        date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"is not a date: {value!r}") from None
    return value


def file_path(value: Any) -> str | None:
    """Read a file's path below the media folder; an image may have lost its file."""
    path = words()(value) if value is not None else ""
    if path and not is_path(path):
        raise ValueError("is no path below a folder")
    return path or None


LINE, TIME = Field(words(), ""), Field(moment, None)
COMICS = Model(
    "core.comic",
    {
        "name": Field(words(empty=False)),
        "slug": Field(words(empty=False)),
        "language": Field(words(LONGEST_LANGUAGE)),
        "url": LINE,
        "active": Field(truth, True),
        "start_date": Field(maybe(day), None),
        "end_date": Field(maybe(day), None),
        "rights": LINE,
        "added": TIME,
    },
    key=own_pk,
)
IMAGES = Model(
    "core.image",
    {
        "file": Field(file_path),
        "checksum": Field(words()),
        "title": Field(words(LONGEST_TEXT), ""),
        "text": Field(words(LONGEST_TEXT), ""),
        "fetched": TIME,
        "height": Field(whole),
        "width": Field(whole),
    },
    (Link("comic", COMICS.label, key=own_pk),),
    own_pk,
)
RELEASES = Model(
    "core.release",
    {"pub_date": Field(day), "fetched": TIME},
    (
        Link("comic", COMICS.label, key=own_pk),
        Link("images", IMAGES.label, many=True, key=own_pk),
    ),
    own_pk,
)
USERS = Model(
    USER,
    {
        "email": Field(address, ""),
        "password": Field(maybe(string(LONGEST_HASH)), ""),
        "first_name": Field(string(LONGEST_NAME), ""),
        "last_name": Field(string(LONGEST_NAME), ""),
        "is_active": Field(truth, True),
        "last_login": Field(maybe(moment), None),
        "date_joined": Field(maybe(joined), None),
    },
)
PROFILES = Model(PROFILE, {"secret_key": Field(key(LONGEST_KEY))}, (Link("user", USER),))
SUBSCRIPTIONS = Model(
    "accounts.subscription", {}, (Link("userprofile", PROFILE), Link("comic", COMICS.label, key=own_pk))
)


def read_user(record: Record) -> Arrival:
    """Read an account; raises BadRecord. Whoever is active has proven the address."""
    return Arrival.of(USERS.read(record), "date_joined", proven=True)
