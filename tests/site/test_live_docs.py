"""The page about live messages, as the server makes it."""

from __future__ import annotations

import re
from html import unescape

import pytest

from handlers.site.schema_rows import Tables
from tests.serving import Api


async def test_the_page_shows_the_whole_document(api: Api) -> None:
    """Every channel, command, code and credential of the document is on the page, and so is the way in."""
    document = (await api.get("/asyncapi.json")).json
    answer = await api.get("/docs/live")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    page = unescape(answer.text)
    for key, channel in document["channels"].items():
        if channel["address"] is not None:
            assert f'id="channel-{key}"' in page
            assert channel["address"] in page
            assert channel["x-audience"] in page
    for name, operation in document["operations"].items():
        if operation["action"] == "receive":
            assert f'id="command-{name}"' in page
    schemas = document["components"]["schemas"]
    for prefix, schema in (("error", "ErrorNumber"), ("close", "CloseNumber")):
        for code in schemas[schema]["oneOf"]:
            assert f'id="{prefix}-{code["const"]}"' in page
            assert code["description"] in page
    for name, scheme in document["components"]["securitySchemes"].items():
        assert f"<code>{name}</code>" in page
        assert scheme["description"] in page
    assert f'new Centrifuge("{api.url.replace("http", "ws")}/connection/websocket")' in page
    assert f"curl -N {api.url}/connection/uni_sse" in page


async def test_no_id_is_there_twice(api: Api) -> None:
    page = (await api.get("/docs/live")).text
    found = re.findall(r'\bid="([^"]+)"', page)
    assert len(found) == len(set(found))


async def test_it_is_sent_once(api: Api) -> None:
    """Compressed where the client takes that, and not again while it stays the same."""
    plain = await api.get("/docs/live")
    packed = await api.get("/docs/live", Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.body) < len(plain.body) / 4
    assert (await api.get("/docs/live", If_None_Match=plain.headers["ETag"])).status == 304


@pytest.mark.parametrize(
    ("schema", "type_"),
    [
        ({"type": "integer"}, "whole number"),
        ({"const": 1}, "1"),
        ({"enum": ["a", "b"]}, '"a" or "b"'),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text or null"),
        ({"type": "array", "items": {"$ref": "#/x/Image"}}, "list of objects"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "object of whole numbers"),
        ({"type": "string", "format": "date-time"}, "date-time"),
        ({"$ref": "#/x/Image"}, "object"),
        ({}, "anything"),
    ],
)
def test_types_are_told_in_plain_words(schema: dict[str, object], type_: str) -> None:
    tables = Tables({"Image": {"type": "object", "properties": {"width": {"type": "integer"}}}})
    (shape,) = tables.shapes({"properties": {"a": schema}})
    assert shape.rows[0].type == type_


def test_inner_fields_are_listed_below_their_object() -> None:
    """With the way to them, whether it leads through a list, a table, or an object."""
    image = {"type": "object", "properties": {"width": {"type": "integer", "description": "Pixels."}}}
    fields = {
        "one": {"$ref": "#/x/Image"},
        "many": {"type": "array", "items": {"$ref": "#/x/Image"}},
        "each": {"type": "object", "additionalProperties": {"$ref": "#/x/Image"}},
    }
    (shape,) = Tables({"Image": image}).shapes({"properties": fields, "required": ["one"]})
    names = ["one", "one.width", "many", "many[].width", "each", "each.*.width"]
    assert [row.name for row in shape.rows] == names
    assert [row.required for row in shape.rows[::2]] == [True, False, False]
    assert shape.rows[1].text == "Pixels."
