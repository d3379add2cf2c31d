"""An event as it is stored: its facts, its defaults, its place in the order of events."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

from storage.driver import Document, ObjectId
from storage.files import Draft

PHOTO_FOLDER = "event_photos/"  # where the addresses of photos are, below /upload/
OWN_FILES = "klub/"  # where uploaded ones are among all stored files
HIGHEST_PRIORITY = 9_999_999_999
PHOTOS = ("main_photo", *(f"additional_photo_{number}" for number in range(1, 7)))

_TEXTS = (
    *("program", "opportunity", "responsible_person", "participation_fee", "contact_person_name"),
    *("invitation_text_short", *(f"invitation_text_{number}" for number in range(1, 5))),
    *("accommodation", "looking_forward_to_you"),
    *(f"additional_question_{number}" for number in range(1, 5)),
    *("contact_person_email", "contact_person_telephone"),
)
_OPTIONAL = (
    *("datetime_from", "datetime_to", "start_date", "age_from", "age_to", "working_hours"),
    *("entry_form_url", "web_url", "public_on_web_date_from", "public_on_web_date_to", *PHOTOS),
)
DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        **dict.fromkeys(_TEXTS, ""),
        **dict.fromkeys(_OPTIONAL),
        "intended_for": "everyone",
        "basic_purpose": "action",
        "registration_method": "standard",
        "diet": [],
        "public_on_web": False,
    }
)


@dataclass(frozen=True, slots=True)
class Photo:
    """A new photo, received but not yet kept; `path` is its address below /upload/."""

    draft: Draft
    path: str

    @property
    def file(self) -> str:
        """Return its name among the stored files."""
        return OWN_FILES + self.path


@dataclass(frozen=True, slots=True)
class Event:
    """An event; `team` are the accounts that organize it, `values` what only clients interpret."""

    id: int
    name: str
    slug: str
    units: tuple[int, ...]
    type: int | None
    location: int | None
    public: bool
    internal: bool
    team: frozenset[int]
    values: Mapping[str, Any]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        return cls(
            row["_id"],
            row["name"],
            row["slug"],
            tuple(row["units"]),
            row["type"],
            row["location"],
            row["public_on_web"],
            row["is_internal"],
            frozenset(row["team"]),
            {name: row[name] for name in DEFAULTS},
        )


def new_event(number: int, slug: str, values: Mapping[str, Any], above: str = "") -> Document:
    """Make the document of an event; `above` is the `order` of its parent.

    `values` are its fields by their names on the wire, but `units`, `type` and `location` for what is
    kept as numbers; what is missing has its default.
    """
    row: Document = {
        "_id": number,
        "slug": slug,
        "type": None,
        "location": None,
        "is_internal": False,
        "variable_symbol_prefix": None,
        "tn_parent": None,
        "tn_priority": 0,
        "team": [],
        "epoch": ObjectId(),  # of the versions: an event that comes back under its number begins anew
        **{"registered": 0, "attended": 0, "cancelled": 0, "version": 1},
        **DEFAULTS,
        **values,
    }
    return {**row, "photos": name_photos(row), "order": place(row, above)}


def name_photos(row: Mapping[str, Any]) -> list[str]:
    """List the paths of an event's photos, by which an address finds the event."""
    return [path for name in PHOTOS if (path := row[name]) is not None]


def place(row: Mapping[str, Any], above: str = "") -> str:
    """Return what events are sorted by: priority, name, number; children come right after their parent.

    A blank sorts before everything that a folded name has in it, so that "ab" comes before "ab-c".
    """
    own = f"{HIGHEST_PRIORITY - row['tn_priority']:011}{fold(row['name'])} {row['_id']:019}/"
    return above + own


def fold(name: str) -> str:
    """Return a name as a slug: ASCII, lower case, words joined by hyphens; "" where nothing is left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain)).strip("-_")
