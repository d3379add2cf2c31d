"""OpenAPI documents, made from the operations that the handlers declare."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Literal

import orjson
from pydantic import TypeAdapter

from handlers.core.about import JSON_TYPE, About, Call, Refusal, list_calls
from handlers.core.dialect import Dialect
from handlers.core.field_tables import Schemas
from settings import VERSION

SCHEMAS, RESPONSES, HEADERS = ("#/components/" + name for name in ("schemas/", "responses/", "headers/"))
TEMPLATE = SCHEMAS + "{model}"
Mode = Literal["validation", "serialization"]
Key = tuple[str, str]
DESCRIBED_HEADERS: Mapping[str, Mapping[str, Any]] = {
    "Allow": {"description": "The methods that are.", "schema": {"type": "string"}},
    "Cache-Control": {"description": "no-store: for nobody to keep.", "schema": {"type": "string"}},
    "ETag": {"description": "Names this very content.", "schema": {"type": "string"}},
    "Location": {"description": "Where it is.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds until a retry may help.", "schema": {"type": "integer"}},
    "Set-Cookie": {"description": "The session, where it is new.", "schema": {"type": "string"}},
    "Vary": {"description": "What the answer depends on.", "schema": {"type": "string"}},
    "WWW-Authenticate": {"description": "How to authenticate.", "schema": {"type": "string"}},
}


class Document:
    """The OpenAPI 3.1 document of one dialect."""

    def __init__(self, dialect: Dialect, about: About) -> None:
        self._dialect = dialect
        self._about = about
        self._calls = tuple(list_calls(dialect))
        self._responses: dict[bytes, str] = {}
        self._schemas, self._definitions = self._gather()
        self.paths = self._list_paths()
        self.responses = {name: orjson.loads(found) for found, name in self._responses.items()}
        self.schemas = keep_used(self._definitions, [self.paths, self.responses])

    def build(self, server: str) -> dict[str, Any]:
        """Return the document; `server` is the URL that its paths follow."""
        used = find_references([self.paths, self.responses], HEADERS)
        return {
            "openapi": "3.1.0",
            "info": self.info,
            "servers": [{"url": server}],
            "tags": self._tags(),
            "paths": self.paths,
            "components": {
                "schemas": self.schemas,
                "responses": self.responses,
                "headers": {name: DESCRIBED_HEADERS[name] for name in sorted(used)},
                "securitySchemes": dict(self._about.schemes),
            },
        }

    @property
    def info(self) -> dict[str, str]:
        """Return what the document says of itself."""
        return {"title": self._dialect.title, "version": VERSION, "description": self._about.text}

    def resolve(self, response: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a response itself, where there is only a reference to it."""
        reference = response.get("$ref")
        return response if reference is None else self.responses[reference.removeprefix(RESPONSES)]

    def _tags(self) -> list[dict[str, str]]:
        texts = {group.name: group.text for group in self._about.groups}
        named = [each["tags"][0] for operations in self.paths.values() for each in operations.values()]
        names = sorted(dict.fromkeys(named), key=lambda name: [*texts, name].index(name))
        return [{"name": name, "description": texts.get(name, "")} for name in names]

    def _list_paths(self) -> dict[str, dict[str, Any]]:
        paths: dict[str, dict[str, Any]] = {}
        for call in self._calls:
            paths.setdefault(call.route.path, {})[call.method.lower()] = self._describe(call)
        return paths

    def _gather(self) -> tuple[Mapping[Key, Any], Mapping[str, Any]]:
        """Make the schemas of everything together, so that each has one name."""
        wanted: dict[Key, tuple[Mode, Any]] = {}
        for call in self._calls:
            declared, beside = call.operation, self._about.beside(call)
            wanted["takes", call.key] = ("validation", call.takes)
            wanted["asks", call.key] = ("validation", declared.asks or declared.query)
            wanted["beside", call.key] = ("validation", beside)
            wanted["returns", call.key] = ("serialization", declared.returns)
            for refusal in self._about.refuse(call).values():
                wanted["refusal", repr(refusal.shape)] = ("serialization", refusal.shape)
        inputs = [(key, mode, TypeAdapter(kind)) for key, (mode, kind) in wanted.items() if kind is not None]
        found, rest = TypeAdapter.json_schemas(inputs, ref_template=TEMPLATE, schema_generator=Schemas)
        definitions = {name: drop_stand_ins(each) for name, each in rest.get("$defs", {}).items()}
        return {key: schema for (key, _), schema in found.items()}, definitions

    def _describe(self, call: Call) -> dict[str, Any]:
        declared = call.operation
        found: dict[str, Any] = {
            "operationId": call.key,
            "summary": declared.summary,
            "tags": [self._tag_of(call.route.path)],
            "description": describe_use(call),
            "parameters": [*self._path_parameters(call), *self._query(call), *self._further(call)],
            "responses": self._list_responses(call),
            "security": list(self._about.secure(call)),
        }
        if call.canonical is not None and call.canonical.rstrip("/") != call.route.path.rstrip("/"):
            found["deprecated"] = True
        if (content := self._body(call)) is not None:
            found["requestBody"] = {"required": True, "content": content}
        return found

    def _tag_of(self, path: str) -> str:
        groups = ((prefix, group.name) for group in self._about.groups for prefix in group.prefixes)
        fitting = [found for found in groups if path.startswith(found[0])]
        return max(fitting, key=lambda found: len(found[0]))[1] if fitting else tag_of(path)

    def _path_parameters(self, call: Call) -> list[dict[str, Any]]:
        values, handler = self._about.example(call).path, call.route.handler
        kinds = {name: {"type": segment_type(handler, name)} for name in call.segments}
        return [
            {"name": name, "in": "path", "required": True, "schema": kind, **show_example(name, values, kind)}
            for name, kind in kinds.items()
        ]

    def _query(self, call: Call) -> list[dict[str, Any]]:
        schema = self._schemas.get(("asks", call.key), {})
        if "$ref" in schema:
            schema = self._definitions[schema["$ref"].removeprefix(SCHEMAS)]
        return list_query(schema, self._about.example(call).query)

    def _further(self, call: Call) -> list[dict[str, Any]]:
        values = self._about.example(call).query
        return [
            {**each, **show_example(str(each["name"]), values, each["schema"])}
            for each in self._about.add(call)
        ]

    def _body(self, call: Call) -> dict[str, Any] | None:
        parts = [self._schemas.get((kind, call.key)) for kind in ("takes", "beside")]
        schemas = [each for each in parts if each is not None and not self._is_open(each)]
        if all(each is None for each in parts):
            return None
        schema = schemas[0] if len(schemas) == 1 else {"allOf": schemas} if schemas else {"type": "object"}
        example = self._about.example(call).body
        content = {"schema": schema} if example is None else {"schema": schema, "example": example}
        return dict.fromkeys(self._about.body_types(call), content)

    def _is_open(self, schema: Mapping[str, Any]) -> bool:
        """Tell whether a schema is an object's of which nothing is known."""
        found = self._definitions.get(schema.get("$ref", "").removeprefix(SCHEMAS), schema)
        return found.get("type") == "object" and not found.get("properties") and "anyOf" not in found

    def _list_responses(self, call: Call) -> dict[str, Any]:
        refusals = sorted(self._about.refuse(call).items())
        found = {str(status): self._refer(status, refusal) for status, refusal in refusals}
        return {str(call.operation.status): self._succeed(call), **found}

    def _succeed(self, call: Call) -> dict[str, Any]:
        answer, schema = self._about.answer(call), self._schemas.get(("returns", call.key), {})
        example = self._about.example(call).answer
        shown = {"schema": schema} if example is None else {"schema": schema, "example": example}
        found: dict[str, Any] = {"description": answer.text or HTTPStatus(call.operation.status).phrase}
        if answer.headers:
            found["headers"] = refer_headers(answer.headers)
        if answer.media and call.operation.status != 204:
            plain = {"schema": {"type": "string"}}
            found["content"] = {each: shown if each == JSON_TYPE else plain for each in answer.media}
        return found

    def _refer(self, status: int, refusal: Refusal) -> dict[str, str]:
        """Refer to a refusal's response: many operations share one."""
        response: dict[str, Any] = {"description": refusal.meaning}
        if refusal.headers:
            response["headers"] = refer_headers(refusal.headers)
        if refusal.shape is not None:
            schema = self._schemas["refusal", repr(refusal.shape)]
            examples = {name: {"value": body} for name, body in refusal.bodies.items()}
            content = {"schema": schema, "examples": examples} if examples else {"schema": schema}
            response["content"] = {JSON_TYPE: content}
        written = orjson.dumps(response)
        same = sum(name.startswith(f"Refused{status}") for name in self._responses.values())
        name = self._responses.setdefault(written, f"Refused{status}_{same}" if same else f"Refused{status}")
        return {"$ref": RESPONSES + name}


@functools.cache
def open_document(dialect: Dialect) -> Document:
    """Return the document of a dialect that says what it is about; made once, for it takes a while."""
    assert dialect.about is not None, dialect.name
    return Document(dialect, dialect.about)


def tag_of(path: str) -> str:
    """Return what operations outside all groups are grouped by: the path up to its first parameter."""
    return path.partition("{")[0].strip("/") or "/"


def describe_use(call: Call) -> str:
    """Say who may call, how often, and what else the path is called."""
    parts = [] if call.access is None else [f"Who may: {call.access}."]
    limits = ", ".join(sorted({limit.setting.upper() for limit in call.operation.limits}))
    parts += [f"How often: the setting {limits}."] if limits else []
    parts += [] if call.canonical is None else [f"The same as `{call.method} {call.canonical}`."]
    return "\n\n".join(parts)


def segment_type(handler: type, name: str) -> str:
    """Tell whether a segment is a number: the handler's `find` says so."""
    found = getattr(handler, "find", None)
    parameters = inspect.signature(found).parameters if found is not None else {}
    known = parameters.get(name)
    return "integer" if known is not None and known.annotation in {int, "int"} else "string"


def list_query(schema: Mapping[str, Any], values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Describe the fields of a query string; `values` are examples."""
    required = schema.get("required", ())
    return [
        {
            **{"name": name, "in": "query", "required": name in required},
            **({"description": found["description"]} if "description" in found else {}),
            "schema": found,
            **show_example(name, values, found),
        }
        for name, found in schema.get("properties", {}).items()
    ]


def show_example(name: str, values: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the example of a parameter, as a text where that is what it is; nothing where there is none."""
    if name not in values:
        return {}
    return {"example": str(values[name]) if schema.get("type") == "string" else values[name]}


def drop_stand_ins(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Drop the defaults of fields that only stand for what was not sent: nobody could send them."""
    fields = {
        name: field if fits_default(field) else {key: field[key] for key in field if key != "default"}
        for name, field in schema.get("properties", {}).items()
    }
    return {**schema, "properties": fields} if fields else dict(schema)


def fits_default(field: Mapping[str, Any]) -> bool:
    """Tell whether a field's default is a value that it takes: null and blank ones need not be."""
    default = field.get("default")
    if default == "":
        return not field.get("minLength") and field.get("format") != "email"
    return default is not None or "default" not in field or "type" not in field


def refer_headers(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Refer to the descriptions of headers."""
    return {name: {"$ref": HEADERS + name} for name in names}


def find_references(value: Any, prefix: str) -> set[str]:
    """Collect the names of the components that a value refers to."""
    if isinstance(value, Mapping):
        reference = str(value.get("$ref", ""))
        own = {reference.removeprefix(prefix)} if reference.startswith(prefix) else set()
        return own.union(*(find_references(each, prefix) for each in value.values()))
    if isinstance(value, list):
        return set().union(*(find_references(each, prefix) for each in value))
    return set()


def keep_used(definitions: Mapping[str, Any], value: Any) -> dict[str, Any]:
    """Return the definitions that a value refers to, and those that these refer to."""
    kept: dict[str, Any] = {}
    waiting = find_references(value, SCHEMAS)
    while waiting:
        name = waiting.pop()
        kept[name] = definitions[name]
        waiting |= find_references(definitions[name], SCHEMAS) - kept.keys()
    return {name: kept[name] for name in sorted(kept)}
