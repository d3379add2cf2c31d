"""A person of the community: the sub-document `pybossa` of `users`, and what everybody may see of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from storage.driver import Document, ObjectId

LONGEST_DERIVED, SHORTEST_NAME = 30, 3  # characters of a user name
FORBIDDEN = frozenset("$#&\\/| ")
# First segments of paths below /account/, this dialect's and Know Me's: no page could show such a person.
RESERVED = frozenset(
    {
        *("page", "signin", "signout", "register", "newsletter", "profile", "forgot-password"),
        *("reset-password", "confirm-email", "save_metadata"),
        *("emails", "verify-email", "change-password", "users"),
    }
)
PUBLIC_INFO = ("avatar", "container", "avatar_url", "extra")
# What a person looks at themselves, with its value at the beginning.
DEFAULTS: Mapping[str, Any] = {
    "locale": "en",
    "privacy_mode": True,
    "restrict": False,
    "subscribed": True,
    "consent": False,
    "ckan_api": None,
    "newsletter": None,
    "newsletter_prompted": False,
    "confirmation_email_sent": False,
    "pending_email": None,
}
# What of a person's document is needed for what others see of them.
SHOWN = dict.fromkeys(
    ("id", "name", *(f"pybossa.{each}" for each in ("name", "created", "locale", "info", "score", "place"))),
    1,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a person stands: 1 is first; restricted people have no rank."""

    rank: int | None
    score: int


@dataclass(frozen=True, slots=True)
class PyBossaUser:
    """A person who has joined; `id` is the account's integer id, `created` ISO text in UTC."""

    oid: ObjectId
    id: int
    name: str
    fullname: str
    email: str
    valid_email: bool
    admin: bool
    active: bool
    has_password: bool
    generation: int
    created: str
    locale: str
    api_key: str = field(repr=False)
    info: Mapping[str, Any]
    privacy_mode: bool
    restrict: bool
    subscribed: bool
    consent: bool
    ckan_api: str | None
    newsletter: bool | None
    newsletter_prompted: bool
    confirmation_email_sent: bool
    pending_email: str | None
    user_pref: Mapping[str, Any]
    score: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        own, auth = row["pybossa"], row.get("auth") or {}
        return cls(
            oid=row["_id"],
            id=row["id"],
            name=own["name"],
            fullname=fullname_of(row),
            email=row.get("email") or "",
            valid_email=bool(row.get("email_validated")) and own.get("pending_email") is None,
            admin=auth.get("superuser", False),
            active=row.get("is_active", True),
            has_password=bool(row.get("set_password")),
            generation=auth.get("generation", 0),
            created=own["created"],
            api_key=own["api_key"],
            info=own.get("info") or {},
            user_pref=own.get("user_pref") or {},
            score=own.get("score", 0),
            **{name: own.get(name, value) for name, value in DEFAULTS.items()},
        )


def fullname_of(row: Mapping[str, Any]) -> str:
    """Return a person's full name; where there is none the user name stands for it."""
    return str(row.get("name") or row["pybossa"]["name"])


def new_membership(name: str, created: str, joined: float, fields: Mapping[str, Any]) -> Document:
    """Make the sub-document of a person who joins; `fields` are checked values of the fields in DEFAULTS."""
    return {
        "name": name,
        "joined": joined,
        "created": created,
        "api_key": make_api_key(),
        "info": {},
        "user_pref": {},
        "score": 0,
        **DEFAULTS,
        **fields,
    }


def make_api_key() -> str:
    """Make a key for programs."""
    return str(uuid.uuid4())


def write_moment(seconds: float) -> str:
    """Write Unix seconds as this dialect does: UTC without a zone, microseconds where there are some."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()


def read_moment(text: str) -> float:
    """Read such a text into Unix seconds; raises ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def place_of(number: int, own: Mapping[str, Any]) -> Document:
    """Return what orders people by rank: compared field by field, restricted people behind all others."""
    return {
        "r": int(bool(own.get("restrict"))),
        "s": -int(own.get("score", 0)),
        "c": own["created"],
        "i": number,
    }


def listed_of(number: int, own: Mapping[str, Any]) -> Document | None:
    """Return what orders the public list by age; None for those whom it leaves out."""
    if own.get("restrict") or own.get("score", 0) <= 0:
        return None
    return {"c": own["created"], "i": number}


def base_name(fullname: str) -> str:
    """Derive a user name from a full one; too short or reserved ones are an empty text."""
    ascii_only = fullname.encode("ascii", "ignore").decode().lower()
    name = "".join(sign for sign in ascii_only if sign.isprintable() and sign not in FORBIDDEN)
    name = name[:LONGEST_DERIVED]
    return "" if len(name) < SHORTEST_NAME or name in RESERVED else name


def show(row: Mapping[str, Any], rank: int | None = None) -> Document:
    """Return what lists show of a person; score and rank only together."""
    own = row["pybossa"]
    info = own.get("info")
    return {
        "created": own["created"],
        "fullname": fullname_of(row),
        "info": public_info(info, PUBLIC_INFO),
        "locale": own.get("locale", "en"),
        "name": own["name"],
        "rank": rank,
        "registered_ago": None,
        "score": None if rank is None else own.get("score", 0),
        "task_runs": None,
    }


def public_info(info: Any, names: tuple[str, ...]) -> Document:
    """Return those entries of an `info` that everybody may see, as far as they are set."""
    if not isinstance(info, Mapping):
        return {}
    return {name: info[name] for name in names if info.get(name) is not None}
