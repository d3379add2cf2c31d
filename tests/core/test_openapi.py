"""OpenAPI documents of every dialect."""

from __future__ import annotations

import re

import orjson
import pytest

from handlers.core.dialect import Dialect, discover
from handlers.core.field_tables import list_fields
from handlers.core.handler import METHODS
from handlers.core.openapi import About, Document
from handlers.core.operation import declared_operation

DIALECTS = discover()
ABOUT = About("A dialect.", refuse=lambda declared: {404: "Nothing here."})


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_dialect_can_be_described(dialect: Dialect) -> None:
    """Each operation once, under a name of its own, with the segments of its path."""
    document = Document(dialect, ABOUT).build("http://x")
    assert document["servers"] == [{"url": "http://x"}]
    orjson.dumps(document)
    described = {
        (path, method.upper()): found
        for path, each in document["paths"].items()
        for method, found in each.items()
    }
    declared = {
        (route.path, method)
        for route in dialect.routes
        for method in METHODS
        if method != "HEAD" and declared_operation(route.handler, method) is not None
    }
    assert described.keys() == declared
    assert len({found["operationId"] for found in described.values()}) == len(described)
    for (path, _), found in described.items():
        segments = [each["name"] for each in found["parameters"] if each["in"] == "path"]
        assert segments == re.findall(r"\{(\w+)\}", path)
        assert found["summary"]
        assert found["responses"]["404"] == {"description": "Nothing here."}


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
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
