"""OpenAPI documents, made from the operations that the handlers declare."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal

from pydantic import TypeAdapter

from handlers.core.dialect import Dialect, Route
from handlers.core.field_tables import Schemas
from handlers.core.handler import METHODS
from handlers.core.operation import Operation, declared_operation
from settings import VERSION

TEMPLATE = "#/components/schemas/{model}"
Mode = Literal["validation", "serialization"]
Security = Sequence[Mapping[str, Sequence[str]]]


@dataclass(frozen=True)
class About:
    """What a document says of a dialect that its operations don't.

    `secure` names the credentials of an operation, `refuse` says which refusals it has, with their words;
    `body_types` are the media types that bodies are read from.
    """

    text: str
    schemes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    secure: Callable[[Operation], Security] = lambda _: ()
    refuse: Callable[[Operation], Mapping[int, str]] = lambda _: {}
    body_types: Sequence[str] = ("application/json",)


@dataclass(frozen=True)
class Call:
    """One operation with its place."""

    route: Route
    method: str
    operation: Operation

    @property
    def key(self) -> str:
        """Return a name that no other operation of the dialect has."""
        words = re.findall(r"[\w-]+", self.route.path)
        slash = "_" if self.route.path.endswith("/") else ""
        return "_".join([self.method.lower(), *words]) + slash


def list_calls(dialect: Dialect) -> Iterator[Call]:
    """Go through the operations of a dialect; HEAD comes with GET and is not listed."""
    for route in dialect.routes:
        for method in METHODS:
            declared = declared_operation(route.handler, method)
            if declared is not None and method != "HEAD":
                yield Call(route, method, declared)


class Document:
    """The OpenAPI 3.1 document of one dialect."""

    def __init__(self, dialect: Dialect, about: About) -> None:
        self._dialect = dialect
        self._about = about
        self._calls = tuple(list_calls(dialect))
        self._schemas, self._definitions = self._gather()
        self.paths = self._list_paths()

    def build(self, server: str) -> dict[str, Any]:
        """Return the document; `server` is the URL that its paths follow."""
        components = {"schemas": self._definitions, "securitySchemes": dict(self._about.schemes)}
        return {
            "openapi": "3.1.0",
            "info": self.info,
            "servers": [{"url": server}],
            "paths": self.paths,
            "components": components,
        }

    @property
    def info(self) -> dict[str, str]:
        """Return what the document says of itself."""
        return {"title": self._dialect.title, "version": VERSION, "description": self._about.text}

    @property
    def schemas(self) -> Mapping[str, Any]:
        """Return the schemas that operations refer to."""
        return self._definitions

    def _list_paths(self) -> dict[str, dict[str, Any]]:
        paths: dict[str, dict[str, Any]] = {}
        for call in self._calls:
            paths.setdefault(call.route.path, {})[call.method.lower()] = self._describe(call)
        return paths

    def _gather(self) -> tuple[Mapping[tuple[str, Mode], Any], Mapping[str, Any]]:
        """Make the schemas of all bodies and answers together, so that each has one name."""
        inputs: list[tuple[str, Mode, TypeAdapter[Any]]] = []
        for call in self._calls:
            if call.operation.body is not None:
                inputs.append((call.key, "validation", TypeAdapter(call.operation.body)))
            if call.operation.returns is not None:
                inputs.append((call.key, "serialization", TypeAdapter(call.operation.returns)))
        schemas, rest = TypeAdapter.json_schemas(inputs, ref_template=TEMPLATE, schema_generator=Schemas)
        return schemas, rest.get("$defs", {})

    def _describe(self, call: Call) -> dict[str, Any]:
        declared = call.operation
        found: dict[str, Any] = {
            "operationId": call.key,
            "summary": declared.summary,
            "tags": [tag_of(call.route.path)],
            "parameters": [*path_parameters(call.route), *query_parameters(declared)],
            "responses": self._responses(call),
            "security": list(self._about.secure(declared)),
        }
        if declared.access is not None:
            found["description"] = f"Who may: {declared.access}."
        if declared.body is not None:
            content = {"schema": self._schemas[call.key, "validation"]}
            types = dict.fromkeys(self._about.body_types, content)
            found["requestBody"] = {"required": True, "content": types}
        return found

    def _responses(self, call: Call) -> dict[str, Any]:
        answer: dict[str, Any] = {"description": HTTPStatus(call.operation.status).phrase}
        if call.operation.returns is not None:
            schema = self._schemas[call.key, "serialization"]
            answer["content"] = {"application/json": {"schema": schema}}
        refusals = self._about.refuse(call.operation)
        found = {str(status): {"description": words} for status, words in sorted(refusals.items())}
        return {str(call.operation.status): answer, **found}


@functools.cache
def open_document(dialect: Dialect) -> Document:
    """Return the document of a dialect that says what it is about; made once, for it takes a while."""
    assert dialect.about is not None, dialect.name
    return Document(dialect, dialect.about)


def tag_of(path: str) -> str:
    """Return what operations are grouped by: the path up to its first parameter, without slashes."""
    return path.partition("{")[0].strip("/")


def path_parameters(route: Route) -> list[dict[str, Any]]:
    """Describe the segments of a path."""
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": segment_type(route.handler, name)}}
        for name in re.findall(r"\{(\w+)\}", route.path)
    ]


def segment_type(handler: type, name: str) -> str:
    """Tell whether a segment is a number: the handler's `find` says so."""
    found = getattr(handler, "find", None)
    parameters = inspect.signature(found).parameters if found is not None else {}
    known = parameters.get(name)
    return "integer" if known is not None and known.annotation in {int, "int"} else "string"


def query_parameters(declared: Operation) -> list[dict[str, Any]]:
    """Describe the fields of a query string."""
    if declared.query is None:
        return []
    schema = declared.query.model_json_schema(ref_template=TEMPLATE, schema_generator=Schemas)
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": found}
        for name, found in schema.get("properties", {}).items()
    ]
