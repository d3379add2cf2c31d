"""What the calls of the Comics dialect take and answer, as documents show it; nothing is checked by it."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, Field

Shown = TypeVar("Shown")
ComicUri = Field(
    description="The path of a comic; a full URL is taken, too.", pattern="/api/v1/comics/[0-9]+/$"
)


class ComicObject(BaseModel):
    """A comic."""

    active: bool
    added: str
    end_date: str | None
    id: str
    language: str
    name: str
    resource_uri: str
    rights: str
    slug: str
    start_date: str | None
    url: str


class ImageObject(BaseModel):
    """An image; `file` is open to everybody."""

    checksum: str
    fetched: str
    file: str | None
    height: int
    id: str
    resource_uri: str
    text: str
    title: str
    width: int


class ReleaseObject(BaseModel):
    """What a comic brought on a day, with its images by id."""

    comic: str
    fetched: str
    id: str
    images: list[ImageObject]
    pub_date: str
    resource_uri: str


class SubscriptionObject(BaseModel):
    """That the caller follows a comic."""

    comic: str
    id: str
    resource_uri: str


class UserObject(BaseModel):
    """The caller's own account, with the key that opens everything else."""

    date_joined: str
    email: str
    last_login: str | None
    resource_uri: str
    secret_key: str


class Meta(BaseModel):
    """Which part of the list this is; `next` and `previous` are paths with every parameter kept."""

    limit: int = Field(description="0: everything in one answer.")
    next: str | None
    offset: int
    previous: str | None
    total_count: int


class Listed(BaseModel, Generic[Shown]):
    """A part of a list."""

    meta: Meta
    objects: list[Shown]


class ResourcePaths(BaseModel):
    """Where a resource is."""

    list_endpoint: str
    schema_: str = Field(alias="schema")


class FieldObject(BaseModel):
    """What a field holds."""

    blank: bool
    default: Any
    help_text: str
    nullable: bool
    primary_key: bool
    readonly: bool
    related_schema: str | None = None
    related_type: Literal["to_one", "to_many"] | None = None
    type: Literal["string", "boolean", "integer", "date", "datetime", "related"]
    unique: bool
    verbose_name: str


class SchemaObject(BaseModel):
    """The fields of a resource, and how lists are filtered by them: 1 every lookup, 2 relations, too."""

    allowed_detail_http_methods: list[str]
    allowed_list_http_methods: list[str]
    default_format: str
    default_limit: int
    fields: dict[str, FieldObject]
    filtering: dict[str, Literal["exact", 1, 2]] | None = None


class SubscriptionFields(BaseModel):
    """Which comic to follow."""

    comic: str = ComicUri


class ChangedSubscription(SubscriptionFields):
    """A subscription as it is to be: a new one, or with its URI one that there is."""

    resource_uri: str | None = None


class SubscriptionChanges(BaseModel):
    """Many changes: all of them, or none."""

    objects: list[ChangedSubscription] = []
    deleted_objects: list[str] = Field([], description="URIs of subscriptions.")


class ErrorText(BaseModel):
    """What is wrong."""

    error: str


class ErrorMessage(BaseModel):
    """That it did not work."""

    error_message: str
