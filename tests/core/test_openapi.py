"""OpenAPI documents of every dialect: valid, complete, and true in their examples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from handlers.core.dialect import Dialect, discover
from handlers.core.field_tables import list_fields
from handlers.core.handler import METHODS
from handlers.core.openapi import open_document
from handlers.core.operation import declared_operation
from handlers.core.routing import Table

DIALECTS = discover()
TABLE = Table(DIALECTS)
# What is no call and so in no OpenAPI document: files of pages, and the socket (which AsyncAPI describes).
UNDOCUMENTED = {"/static/{path}", "/connection/websocket"}
MEDIA = {"application/json", "application/x-www-form-urlencoded", "multipart/form-data"}
JSON_TYPE = "application/json"

each_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)


def read(dialect: Dialect) -> dict[str, Any]:
    """Return a dialect's document as clients read it."""
    found: dict[str, Any] = orjson.loads(orjson.dumps(open_document(dialect).build("http://x")))
    return found


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Go through the operations: path, method, operation."""
    for path, found in document["paths"].items():
        for method, operation in found.items():
            yield path, method.upper(), operation


def is_found(path: str, operation: Mapping[str, Any]) -> bool:
    """Tell whether the path, its segments filled in, leads to this very route."""
    filled = path
    for each in operation["parameters"]:
        if each["in"] == "path":
            filled = filled.replace(f"{{{each['name']}}}", quote(str(each.get("example", "1")), safe=""))
    route = TABLE.find(filled).route
    return route is not None and route.path == path


def refusals(operation: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[tuple[int, Any]]:
    """Go through what an operation answers besides its success."""
    for status, found in operation["responses"].items():
        if "$ref" in found:
            yield int(status), document["components"]["responses"][found["$ref"].rpartition("/")[2]]


def contents(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Go through everything with a schema and examples: bodies, answers, refusals."""
    for path, method, operation in operations(document):
        places = [operation.get("requestBody", {}), *operation["responses"].values()]
        for content in (each for place in places for each in place.get("content", {}).items()):
            yield f"{method} {path} {content[0]}", content[1]
        for each in operation["parameters"]:
            yield f"{method} {path} {each['name']}", each
    for name, response in document["components"]["responses"].items():
        for each in response.get("content", {}).values():
            yield name, each


@each_dialect
def test_every_document_is_valid_openapi(dialect: Dialect) -> None:
    """By the validator's own account, defaults included."""
    assert list(OpenAPIV31SpecValidator(read(dialect)).iter_errors()) == []


@each_dialect
def test_documents_and_routes_are_the_same(dialect: Dialect) -> None:
    """Both ways: nothing documented is missing, and nothing that is served stays untold."""
    document = read(dialect)
    described = {(path, method): found for path, method, found in operations(document)}
    served = {
        (route.path, method)
        for route in dialect.routes
        for method in METHODS
        if method != "HEAD" and declared_operation(route.handler, method) is not None
    }
    assert described.keys() == served
    untold = {route.path for route in dialect.routes} - {path for path, _ in served}
    assert {path for path in untold if not path.startswith("/admin/api")} <= UNDOCUMENTED
    assert [path for (path, _), found in described.items() if not is_found(path, found)] == []


@each_dialect
def test_every_operation_says_what_a_reader_wants_to_know(dialect: Dialect) -> None:
    """A name of its own, a sentence, a known group, its segments, its refusals with their shapes."""
    document = read(dialect)
    found = [operation for _, _, operation in operations(document)]
    assert len({each["operationId"] for each in found}) == len(found)
    groups = {each["name"] for each in document["tags"]}
    described = {
        name for name, text in ((each["name"], each["description"]) for each in document["tags"]) if text
    }
    assert groups == described
    for path, method, operation in operations(document):
        segments = [each["name"] for each in operation["parameters"] if each["in"] == "path"]
        assert segments == re.findall(r"\{(\w+)\}", path)
        assert operation["summary"].endswith((".", "?")), (method, path)
        assert set(operation["tags"]) <= groups
        schemes = {name for each in operation["security"] for name in each}
        assert schemes <= document["components"]["securitySchemes"].keys()
        for status, refusal in refusals(operation, document):
            assert refusal["description"]
            assert 300 <= status < 600
            for content in refusal.get("content", {}).values():
                assert content["examples"], (method, path, status)


@each_dialect
def test_every_answer_in_json_has_a_schema(dialect: Dialect) -> None:
    """And every body that is read one, too, with an example of it."""
    document = read(dialect)
    for path, method, operation in operations(document):
        if method == "DELETE" or path.startswith(("/admin", "/demo", "/dashboard", "/asyncapi")):
            continue
        status, answer = next(iter(operation["responses"].items()))
        shown = answer.get("content", {}).get(JSON_TYPE)
        assert status == "204" or shown is None or shown["schema"] or dialect.name == "klub", (method, path)
        if (body := operation.get("requestBody")) is not None:
            assert body["content"].keys() <= MEDIA
            files = "MediaBody" in str(body["content"])
            assert all("example" in each for each in body["content"].values()) or files, (method, path)


@each_dialect
def test_every_example_fits_its_schema(dialect: Dialect) -> None:
    """Bodies, answers, refusals and parameters alike."""
    document = read(dialect)
    wrong = []
    for where, content in contents(document):
        schema = {**content.get("schema", {}), "components": document["components"]}
        values = [each["value"] for each in content.get("examples", {}).values()]
        for value in [*values, *([content["example"]] if "example" in content else [])]:
            errors = [error.message[:200] for error in OAS31Validator(schema).iter_errors(value)]
            wrong += [(where, *errors)] if errors else []
    assert wrong == []


def test_no_example_is_of_a_call_that_does_not_exist() -> None:
    """A renamed path takes its example along."""
    for dialect in DIALECTS:
        assert dialect.about is not None
        assert dialect.about.examples is not None
        calls = {f"{method} {path}" for path, method, _ in operations(read(dialect))}
        assert orjson.loads(dialect.about.examples.read_bytes()).keys() - calls == set()


@each_dialect
def test_every_body_can_be_put_into_a_table(dialect: Dialect) -> None:
    """With a type in plain words for each field."""
    for route in dialect.routes:
        for method in METHODS:
            declared = declared_operation(route.handler, method)
            if declared is not None and declared.body is not None:
                rows = list_fields(declared.body)
                names = [field.alias or name for name, field in declared.body.model_fields.items()]
                assert [row.name for row in rows] == names
                assert all(row.type for row in rows)
