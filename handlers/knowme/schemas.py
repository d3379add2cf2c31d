"""The bodies that users, profiles, topics, items, entries, media and emergency data are sent in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from handlers.core.rest.fields import (
    EMPTY_FILE,
    LONGEST_NAME,
    NOT_A_FILE,
    NOT_EMAIL,
    NULL,
    Body,
    Flag,
    Name,
    Text,
    check_email,
    choice,
    refuse,
    text,
    to_id,
)
from storage.belongings import Upload

NO_MEDIA = "There is no media resource with the given ID."
NO_FILE = "No file was submitted."
ONLY_ONE = "Only one of 'image_content' and 'list_content' may be provided."
NO_CONTENT = "One of 'image_content' or 'list_content' must be provided."
MEDIA_FIELDS = ("image_resource", "media_resource")
LONGEST_PHONE = 15
_PHONE = re.compile(r"1?[0-9]{9,15}")


def named_media(fields: Mapping[str, Any]) -> set[int]:
    """Collect the ids of media resources that unchecked fields name."""
    inner = fields.get("image_content")
    places = [fields, inner] if isinstance(inner, dict) else [fields]
    found = {to_id(place.get(name)) for place in places for name in MEDIA_FIELDS}
    return {number for number in found if number is not None}


def read_media_id(value: Any, info: ValidationInfo) -> int:
    """Accept the id of one's own media resource; the context is the set of those that were named."""
    if value is None:
        refuse(NULL)
    number = to_id(value)
    if number is None or number not in (info.context or ()):
        refuse(NO_MEDIA)
    return number


def read_file(value: Any) -> Upload:
    """Accept an uploaded file that isn't empty."""
    if value is None:
        refuse(NULL)
    if value is ABSENT:
        refuse(NO_FILE)
    if not isinstance(value, Upload):
        refuse(NOT_A_FILE)
    return value if value.draft.length else refuse(EMPTY_FILE)


def check_phone(value: str) -> Iterable[str]:
    """Complain about what is no phone number."""
    if _PHONE.fullmatch(value) is None:
        yield "Enter valid phone number"
    if len(value) > LONGEST_PHONE:
        yield f"Ensure this field has no more than {LONGEST_PHONE} characters."


ABSENT = object()
MediaId = Annotated[
    int, Field(json_schema_extra=lambda schema: schema.pop("default", None)), BeforeValidator(read_media_id)
]
Phone = Annotated[str, text(None, checks=[check_phone])]
OptionalPhone = Annotated[str, text(None, blank=True, checks=[check_phone])]
OptionalEmail = Annotated[str, text(blank=True, not_text=NOT_EMAIL, checks=[check_email])]
OptionalName = Annotated[str | None, Field(max_length=LONGEST_NAME), text(blank=True, null=True)]
Quote = Annotated[str | None, text(None, blank=True, null=True)]
TopicType = Annotated[int, choice(3, 4)]
File = Annotated[
    Any, Field(json_schema_extra={"type": "string", "format": "binary"}), BeforeValidator(read_file)
]


class UserBody(Body):
    """A Know Me user; no name of its own means the account's first name."""

    name: OptionalName = None
    quote: Quote = None

    @property
    def changes(self) -> dict[str, Any]:
        """Return what was sent; an empty name is none."""
        sent = super().changes
        return {**sent, "name": sent["name"] or None} if "name" in sent else sent


class ProfileBody(Body):
    """A profile."""

    name: Name
    is_default: Flag = False


class TopicBody(Body):
    """A topic: 3 is a text one, 4 a visual one."""

    name: Name
    topic_type: TopicType


class ImageBody(Body):
    """Image content: a description and media resources of one's own."""

    description: Text = ""
    image_resource: MediaId = Field(default=0)
    media_resource: MediaId = Field(default=0)


class ListBody(Body):
    """List content; entries have paths of their own."""


class ItemBody(Body):
    """An item; null content counts as not sent."""

    name: Name
    image_content: ImageBody | None = None
    list_content: ListBody | None = None

    @model_validator(mode="after")
    def _check_content(self) -> Self:
        if self.image_content is not None and self.list_content is not None:
            refuse(ONLY_ONE)
        return self


class NewItemBody(ItemBody):
    """A new item, which has one of both contents."""

    @model_validator(mode="after")
    def _require_content(self) -> Self:
        if self.image_content is None and self.list_content is None:
            refuse(NO_CONTENT)
        return self


class EntryBody(Body):
    """A line of a list."""

    text: Name


class MediaBody(Body):
    """A file with a name."""

    name: Name
    file: File = Field(default=ABSENT, validate_default=True)


class EmergencyItemBody(Body):
    """Something to know in an emergency."""

    name: Name
    description: Text = ""
    media_resource: MediaId = Field(default=0)


class ContactBody(Body):
    """Somebody to call in an emergency."""

    name: Name
    relation: Name
    phone_number: Phone
    alt_phone_number: OptionalPhone = ""
    email: OptionalEmail = ""
