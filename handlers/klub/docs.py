"""The reference of Klub's endpoints, made from their declarations: a page, and the document behind it."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping
from typing import Any

from handlers.core.accept import quality
from handlers.core.dialect import Route
from handlers.core.field_tables import FieldRow, read_rows
from handlers.core.openapi import Document, open_document
from handlers.core.operation import operation
from handlers.core.packed import Packed, pack, send_packed
from handlers.core.pages import open_pages
from handlers.core.rest.body import JSON_TYPE
from handlers.core.routing import Match
from handlers.klub.access import ANYONE
from handlers.klub.browse import FOLDER
from handlers.klub.rules import KlubHandler

STYLES = ("klub.css",)


class DocsHandler(KlubHandler):
    """The reference."""

    negotiates = False

    @operation(access=ANYONE)
    async def get(self) -> None:
        """Return the reference: a page, or the OpenAPI document."""
        match: Match = self.request.match  # type: ignore[attr-defined]
        document = open_document(match.dialect)
        accept = self.request.headers.get("Accept", "")
        plain = quality(accept, JSON_TYPE) > quality(accept, "text/html")
        if plain or self.get_query_argument("format", "") in {"openapi", "json"}:
            self.answer(document.build(self.base_url))
            return
        for name, value in open_pages(FOLDER).headers(*STYLES).items():
            self.set_header(name, value)
        send_packed(self, await asyncio.to_thread(render_reference, document))


@functools.cache
def render_reference(document: Document) -> Packed:
    """Make the page of a document."""
    paths = {
        path: [show_operation(method, found, document) for method, found in operations.items()]
        for path, operations in document.paths.items()
    }
    return pack(open_pages(FOLDER).render("docs.html", info=document.info, paths=paths))


def show_operation(method: str, found: Mapping[str, Any], document: Document) -> dict[str, Any]:
    """Put one operation into tables."""
    query = {each["name"]: each["schema"] for each in found["parameters"] if each["in"] == "query"}
    required = [each["name"] for each in found["parameters"] if each["required"]]
    schemas = document.schemas
    responses = {status: document.resolve(each) for status, each in found["responses"].items()}
    answer = next(iter(responses.values()))
    return {
        "method": method.upper(),
        "summary": found["summary"],
        "description": found.get("description", ""),
        "query": read_rows({"properties": query, "required": required}, schemas),
        "body": list_content(found.get("requestBody", {}), schemas),
        "answer": list_content(answer, schemas),
        "answer_caption": "Answer" if not is_list(answer) else "Answer: an array of",
        "responses": [(status, each["description"]) for status, each in responses.items()],
    }


def schema_of(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of a body or an answer, empty where there is none."""
    return next((each["schema"] for each in part.get("content", {}).values()), {})


def is_list(part: Mapping[str, Any]) -> bool:
    """Tell whether an answer is an array."""
    return schema_of(part).get("type") == "array"


def list_content(part: Mapping[str, Any], schemas: Mapping[str, Any]) -> tuple[FieldRow, ...]:
    """List the fields of a body or an answer, of an array's those of its entries."""
    schema = schema_of(part)
    schema = schema.get("items", schema)
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    return read_rows(schema, schemas)


ROUTES = (Route("/api/docs/", DocsHandler),)
