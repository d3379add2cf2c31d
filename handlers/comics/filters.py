"""Reads the filters of a list, part by part, along the table of fields; raises Malformed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from handlers.comics.errors import refuse_filtering, refuse_lookup, refuse_relation
from handlers.comics.fields import RESOURCES, Field, Resource
from handlers.comics.query import Query
from handlers.comics.values import read_value
from handlers.core.errors import Malformed
from storage.comics.conditions import Condition, Lookup, Selection

SEPARATOR = "__"


@dataclass(frozen=True, slots=True)
class Walk:
    """Where the parts of a parameter lead: the fields on the way, the lookup, what is left over."""

    fields: tuple[Field, ...]
    lookup: Lookup
    rest: tuple[str, ...]

    @property
    def last(self) -> Field:
        """Return the field that was reached."""
        return self.fields[-1]


def read_selection(resource: Resource, query: Query) -> Selection:
    """Read all filters of a list; parameters that begin with no field are none."""
    found: dict[str, list[Condition]] = {"own": [], "comics": [], "images": []}
    for name in query:
        parts = name.split(SEPARATOR)
        if parts[0] not in resource.fields:
            continue
        walk = follow(resource, parts)
        check(walk)
        value = read_value(walk.last, walk.lookup, query.all(name))
        kind = walk.last.kind
        assert kind is not None  # what `check` lets through has one
        condition = Condition(walk.last.target, kind, walk.lookup, value)
        found[place(walk)].append(condition)
    subscribed = query.last("subscribed") if resource.by_subscription else None
    return Selection(
        tuple(found["own"]),
        tuple(found["comics"]),
        tuple(found["images"]),
        {"true": True, "false": False}.get(subscribed or ""),
    )


def follow(resource: Resource, parts: Sequence[str]) -> Walk:
    """Go from field to field as long as relations lead on; the last part may be a lookup."""
    fields = [resource.fields[parts[0]]]
    rest = list(parts[1:])
    while rest and fields[-1].related is not None:
        onward = RESOURCES[fields[-1].related].fields.get(rest[0])
        if onward is None:
            break
        fields.append(onward)
        del rest[0]
    field = fields[-1]
    lookup = Lookup(rest.pop()) if rest and rest[-1] in field.known_lookups else Lookup.EXACT
    return Walk(tuple(fields), lookup, tuple(rest))


def check(walk: Walk) -> None:
    """Refuse what can't be filtered by, in the order that clients know."""
    for field in walk.fields:
        if field.kind is None:
            raise refuse_filtering(field.name)
    field = walk.last
    if walk.rest and field.related is not None:
        raise refuse_filtering(walk.rest[0])
    if walk.lookup not in field.lookups:
        raise refuse_lookup(walk.lookup, field.name)
    if walk.rest:
        raise refuse_relation(field.name)


def place(walk: Walk) -> str:
    """Tell what a condition is on: the object, its comic, or one of its images."""
    related = walk.fields[0].related
    if related is None or (related == "comics" and len(walk.fields) == 1):
        return "own"
    return related


def check_order(resource: Resource, query: Query) -> None:
    """Refuse to sort in another order than the resource's own."""
    for name in query.all("order_by") or query.all("sort_by"):
        field = name.partition(SEPARATOR)[0].removeprefix("-")
        if field not in resource.fields:
            raise Malformed(f"No matching '{field}' field for ordering on.")
        raise Malformed(f"The '{field}' field does not allow ordering.")
