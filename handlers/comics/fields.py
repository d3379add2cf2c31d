"""The resources and their fields: one table behind filters, orders, their refusals and the schemas."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from storage.comics.conditions import TEXTUAL, Kind, Lookup

COMPARING = frozenset({Lookup.EXACT, Lookup.IN, Lookup.GT, Lookup.GTE, Lookup.LT, Lookup.LTE, Lookup.ISNULL})
CALENDAR = frozenset(
    {
        *(Lookup.YEAR, Lookup.ISO_YEAR, Lookup.MONTH, Lookup.DAY, Lookup.QUARTER),
        *(Lookup.WEEK, Lookup.WEEK_DAY, Lookup.ISO_WEEK_DAY),
    }
)
CLOCK = frozenset({Lookup.HOUR, Lookup.MINUTE, Lookup.SECOND})
ORDERED = COMPARING | TEXTUAL | {Lookup.RANGE}
EQUALITY = frozenset({Lookup.EXACT})
LOOKUPS: Mapping[Kind, frozenset[Lookup]] = {
    Kind.TEXT: ORDERED,
    Kind.INTEGER: ORDERED,
    Kind.DATE: ORDERED | CALENDAR,
    Kind.TIME: ORDERED | CALENDAR | CLOCK | {Lookup.DATE, Lookup.TIME},
    Kind.RELATION: COMPARING,
    Kind.BOOLEAN: EQUALITY,
}
NO_DEFAULT = "No default provided."
HELP = {
    "string": "Text.",
    "boolean": "true or false.",
    "integer": "A whole number.",
    "date": "A date, such as 2012-10-08.",
    "datetime": "A time in UTC, such as 2012-10-08T04:03:56.411028+00:00.",
    "related": "The path of another resource, or the objects themselves.",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `type` is its word on the wire, `stored` its name in the catalogue.

    A field without `kind` can't be filtered by; one that is `only_exact` by equality alone. A relation
    names the `related` resource, `many` where it holds several.
    """

    name: str
    type: str = "string"
    kind: Kind | None = None
    only_exact: bool = False
    stored: str = ""
    related: str | None = None
    many: bool = False
    blank: bool = False
    nullable: bool = False
    unique: bool = False
    default: Any = NO_DEFAULT

    @property
    def lookups(self) -> frozenset[Lookup]:
        """Return the lookups that it takes."""
        if self.only_exact:
            return EQUALITY
        return LOOKUPS[self.kind] if self.kind is not None else frozenset()

    @property
    def known_lookups(self) -> frozenset[Lookup]:
        """Return the lookups that it can be told not to take; other words are no lookups to it."""
        return ORDERED if self.only_exact else self.lookups

    @property
    def target(self) -> str:
        """Return its name in the catalogue."""
        return self.stored or self.name

    def filterable(self) -> Field:
        """Return the same, open to every lookup of its type."""
        kinds = {"integer": Kind.INTEGER, "date": Kind.DATE, "datetime": Kind.TIME, "related": Kind.RELATION}
        return replace(self, kind=kinds.get(self.type, Kind.TEXT))


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource; `by_subscription` lists can be narrowed to what the caller follows."""

    name: str
    fields: Mapping[str, Field]
    list_methods: tuple[str, ...] = ("GET",)
    detail_methods: tuple[str, ...] = ("GET",)
    by_subscription: bool = False

    @property
    def path(self) -> str:
        """Return the path of its list."""
        return f"/api/v1/{self.name}/"

    @property
    def schema_path(self) -> str:
        """Return the path of its description."""
        return f"{self.path}schema/"


ID = Field("id", blank=True, unique=True)
URI = Field("resource_uri")


def text(name: str, **options: Any) -> Field:
    """Describe a text; an optional one is empty by default."""
    if options.get("blank"):
        options.setdefault("default", "")
    return Field(name, **options)


def moment(name: str, **options: Any) -> Field:
    """Describe a time that is now by default."""
    return Field(name, "datetime", blank=True, **options)


def table(*fields: Field) -> Mapping[str, Field]:
    """Return the fields by name, and the two that every object has."""
    return {each.name: each for each in fields}


def resources(*described: Resource) -> Mapping[str, Resource]:
    """Return resources by name."""
    return {each.name: each for each in described}


COMIC = Field("comic", "related", related="comics", stored="comic_id").filterable()
IMAGES = Field("images", "related", related="images", many=True, stored="_id").filterable()

RESOURCES: Mapping[str, Resource] = resources(
    Resource(
        "comics",
        table(
            Field("active", "boolean", kind=Kind.BOOLEAN, only_exact=True, default=True),
            moment("added"),
            Field("end_date", "date", nullable=True),
            ID,
            text("language", kind=Kind.TEXT, only_exact=True),
            text("name").filterable(),
            URI,
            text("rights", blank=True),
            text("slug", unique=True).filterable(),
            Field("start_date", "date", nullable=True),
            text("url", blank=True),
        ),
        by_subscription=True,
    ),
    Resource(
        "images",
        table(
            text("checksum"),
            moment("fetched").filterable(),
            text("file"),
            Field("height", "integer").filterable(),
            ID,
            URI,
            text("text", blank=True).filterable(),
            text("title", blank=True).filterable(),
            Field("width", "integer").filterable(),
        ),
    ),
    Resource(
        "releases",
        table(COMIC, moment("fetched").filterable(), ID, IMAGES, Field("pub_date", "date").filterable(), URI),
        by_subscription=True,
    ),
    Resource(
        "subscriptions",
        table(COMIC, ID, URI),
        list_methods=("GET", "POST", "PATCH"),
        detail_methods=("GET", "DELETE", "PUT"),
    ),
    Resource(
        "users",
        table(
            Field("date_joined", "datetime"),
            text("email", blank=True),
            Field("last_login", "datetime", nullable=True),
            URI,
        ),
    ),
)


def describe_root() -> dict[str, Any]:
    """Return what the root resource shows."""
    return {
        each.name: {"list_endpoint": each.path, "schema": each.schema_path} for each in RESOURCES.values()
    }


def describe_resource(resource: Resource) -> dict[str, Any]:
    """Return the schema of a resource; keys are sorted."""
    described: dict[str, Any] = {
        "allowed_detail_http_methods": lower(resource.detail_methods),
        "allowed_list_http_methods": lower(resource.list_methods),
        "default_format": "application/json",
        "default_limit": 20,
        "fields": {name: describe_field(field) for name, field in resource.fields.items()},
    }
    filtering = {
        name: describe_filtering(field) for name, field in resource.fields.items() if field.kind is not None
    }
    return {**described, "filtering": filtering} if filtering else described


def lower(methods: Collection[str]) -> list[str]:
    """Return methods as schemas spell them."""
    return [method.lower() for method in methods]


def describe_filtering(field: Field) -> str | int:
    """Return how a field may be filtered by: by equality, by every lookup, across the relation too."""
    if field.only_exact:
        return "exact"
    return 1 if field.related is None else 2


def describe_field(field: Field) -> dict[str, Any]:
    """Return what a schema tells of a field; keys are sorted."""
    related: dict[str, Any] = {}
    if field.related is not None:
        related = {
            "related_schema": RESOURCES[field.related].schema_path,
            "related_type": "to_many" if field.many else "to_one",
        }
    return {
        "blank": field.blank,
        "default": field.default,
        "help_text": HELP[field.type],
        "nullable": field.nullable,
        "primary_key": field.name == "id",
        "readonly": field.name == "resource_uri",
        **related,
        "type": field.type,
        "unique": field.unique,
        "verbose_name": field.name.replace("_", " "),
    }
