"""The things that Know Me keeps of a person, as they come out of the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from storage.files import Draft

OWN_FILES = "know-me/"  # where the gallery's files are among all stored files


@dataclass(frozen=True, slots=True)
class KnowMeUser:
    """A person's seat; without a name of its own, the account's first name stands for it."""

    id: int
    name: str | None
    quote: str | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        return cls(row["id"], row.get("name"), row.get("quote"))


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile of a Know Me user."""

    id: int
    name: str
    is_default: bool

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        return cls(row["id"], row["name"], row["is_default"])


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of a profile."""

    id: int
    profile_id: int
    name: str
    topic_type: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        return cls(row["id"], row["profile_id"], row["name"], row["topic_type"])


@dataclass(frozen=True, slots=True)
class ImageContent:
    """A description with up to two media resources, by their ids."""

    id: int
    description: str
    image_resource: int | None
    media_resource: int | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        return cls(row["id"], row["description"], row.get("image_resource"), row.get("media_resource"))


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a topic; it has image content, or a list with an id of its own."""

    id: int
    topic_id: int
    name: str
    image_content: ImageContent | None
    list_id: int | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        image, entries = row.get("image_content"), row.get("list_content")
        return cls(
            row["id"],
            row["topic_id"],
            row["name"],
            ImageContent.of(image) if image else None,
            entries["id"] if entries else None,
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a list item."""

    id: int
    item_id: int
    text: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        return cls(row["id"], row["item_id"], row["text"])


@dataclass(frozen=True, slots=True)
class Media:
    """A file with a name; `path` is its unguessable address."""

    id: int
    name: str
    path: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        return cls(row["id"], row["name"], row["path"])


@dataclass(frozen=True, slots=True)
class EmergencyItem:
    """Something to know in an emergency."""

    id: int
    name: str
    description: str
    media_resource: int | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        return cls(row["id"], row["name"], row["description"], row.get("media_resource"))


@dataclass(frozen=True, slots=True)
class EmergencyContact:
    """Somebody to call in an emergency."""

    id: int
    name: str
    relation: str
    phone_number: str
    alt_phone_number: str
    email: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        names = ("id", "name", "relation", "phone_number", "alt_phone_number", "email")
        return cls(*(row[name] for name in names))


@dataclass(frozen=True, slots=True)
class Upload:
    """A new file of a media resource, received but not yet kept."""

    draft: Draft
    path: str
    content_type: str

    @property
    def file(self) -> str:
        """Return its name among the stored files."""
        return f"{OWN_FILES}{self.path}"


@dataclass(frozen=True, slots=True)
class Contents:
    """What items show besides themselves: the entries by item, the media resources by id."""

    entries: Mapping[int, Sequence[Entry]]
    media: Mapping[int, Media]
