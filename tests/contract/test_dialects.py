"""What holds for every dialect, the ones to come included."""

from __future__ import annotations

import tomllib
from collections import Counter

import pytest
from tornado.web import StaticFileHandler
from tornado.websocket import WebSocketHandler

from handlers.core.dialect import Dialect, Route, discover
from handlers.core.handler import JSON, METHODS, DialectHandler
from handlers.core.operation import declared_operation
from handlers.core.routing import Table
from scripts.routes import list_routes
from tests.serving import ROOT, Api, Served
from tests.wire import open_wire

DIALECTS = discover()
ROUTES = [(dialect, route) for dialect in DIALECTS for route in dialect.routes]
PLAIN = (WebSocketHandler, StaticFileHandler)  # what has no operations
LIMIT = 1 << 20
PROGRAM = {"Content-Type": "application/json"}  # some dialects have pages for everybody else
# Dialects whose contract wants no JSON for what is missing (404, 405): of which type those are.
WORDLESS = {"comics": "text/html; charset=utf-8"}

each_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)


def called(route: Route) -> bool:
    """Tell whether a route's handler is made of operations."""
    return not issubclass(route.handler, PLAIN)


def sample(dialect: Dialect) -> Route:
    """Return a route of the dialect's without segments."""
    return next(route for route in dialect.routes if called(route) and "{" not in route.path)


def missing(dialect: Dialect) -> str:
    """Return a path that the dialect claims and does not serve."""
    claim = next(claim for claim in dialect.claims if not claim.startswith("="))
    return f"{claim or '/'}no-such-path"


@each_dialect
async def test_an_unknown_path_has_the_dialects_own_404(dialect: Dialect, api: Api) -> None:
    answer = await api.get(missing(dialect), **PROGRAM)
    assert (answer.status, answer.headers["Content-Type"]) == (404, WORDLESS.get(dialect.name, JSON))
    assert answer.headers["X-Request-Id"]
    assert not answer.body if dialect.name in WORDLESS else answer.json


@each_dialect
async def test_a_wrong_method_is_405_and_names_the_right_ones(dialect: Dialect, api: Api) -> None:
    """Where a dialect asks for a credential first, a stranger may hear of that instead."""
    refused = set()
    for route in dialect.routes:
        served = {name for name in METHODS if declared_operation(route.handler, name)}
        if not called(route) or "{" in route.path or route.path.startswith("/demo/"):
            continue  # without demo data nothing is there, whatever the method
        for method in {"DELETE", "PUT", "PATCH", "BREW"} - served:
            answer = await api.call(method, route.path, b"{}", PROGRAM)
            refused.add(answer.status)
            assert answer.headers["Content-Type"] == WORDLESS.get(dialect.name, JSON)
            if answer.status == 405:
                assert served <= set(answer.headers["Allow"].replace(" ", "").split(","))
    assert 405 in refused
    assert refused <= {401, 403, 405}


@each_dialect
async def test_a_foreign_host_is_400(dialect: Dialect, api: Api) -> None:
    for path in (missing(dialect), *(["/"] if dialect.name == "site" else [sample(dialect).path])):
        answer = await api.get(path, Host="evil.example", **PROGRAM)
        assert (answer.status, answer.headers["Content-Type"]) == (400, JSON)


# PyBossa's contract looks at path and method first, and at a body only where one is wanted.
OVERFULL = {"pybossa": ("/account/signin",)}


@each_dialect
async def test_a_body_over_the_limit_is_413(dialect: Dialect, server: Served) -> None:
    async with open_wire(server.url) as wire:
        for path in OVERFULL.get(dialect.name, (missing(dialect), sample(dialect).path)):
            kind = f"Content-Type: {PROGRAM['Content-Type']}"
            lines = (f"POST {path} HTTP/1.1", "Host: localhost", kind, f"Content-Length: {LIMIT + 1}")
            answer = await wire.ask(*lines, body=b"0" * (LIMIT + 1))
            assert (answer.status, answer.headers["Content-Type"]) == (413, JSON)
            assert answer.json


@each_dialect
@pytest.mark.settings(allowed_origins=("https://friend.example",))
async def test_a_listed_origin_passes_its_preflight_without_credentials(dialect: Dialect, api: Api) -> None:
    asked = {"Origin": "https://friend.example", "Access-Control-Request-Method": "POST"}
    for path in (sample(dialect).path, missing(dialect)):
        answer = await api.call("OPTIONS", path, headers=asked)
        assert answer.status in {200, 204}
        assert answer.headers["Access-Control-Allow-Origin"] in {"*", "https://friend.example"}
        assert "Access-Control-Allow-Credentials" not in answer.headers


@each_dialect
async def test_head_is_served_wherever_get_is(dialect: Dialect, api: Api) -> None:
    for route in dialect.routes:
        if called(route) and "{" not in route.path and declared_operation(route.handler, "get"):
            assert (await api.call("HEAD", route.path)).status == (await api.get(route.path)).status


@pytest.mark.parametrize(("dialect", "route"), ROUTES, ids=lambda each: getattr(each, "path", None))
def test_a_route_lies_on_its_dialects_ground_and_does_something(dialect: Dialect, route: Route) -> None:
    found = Table(DIALECTS).find(route.path.replace("{", "").replace("}", ""))
    assert (found.dialect.name, found.route) == (dialect.name, route)
    if called(route):
        assert issubclass(route.handler, DialectHandler)
        assert any(declared_operation(route.handler, method) for method in METHODS)


@pytest.mark.parametrize(("dialect", "route"), ROUTES, ids=lambda each: getattr(each, "path", None))
def test_an_operation_says_what_it_does(dialect: Dialect, route: Route) -> None:
    operations = [declared_operation(route.handler, method) for method in METHODS]
    assert all(each.summary for each in operations if each is not None)


def test_no_claim_is_made_twice() -> None:
    claims = Counter(claim for dialect in DIALECTS for claim in dialect.claims)
    assert [claim for claim, times in claims.items() if times > 1] == []


def test_every_path_belongs_to_somebody() -> None:
    assert all(Table(DIALECTS).owner(path) for path in ("/", "", "*", "/x", "//", "http://evil.example/"))


def test_the_printed_routes_are_the_served_ones() -> None:
    printed = {(row["dialect"], row["path"]) for row in list_routes()}
    files_and_socket = {("site", "/static/{path}"), ("site", "/connection/websocket")}
    assert printed == {(dialect.name, route.path) for dialect, route in ROUTES if called(route)} | (
        files_and_socket
    )


def test_the_import_linter_knows_every_dialect() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    apart = next(each for each in linter["contracts"] if each["type"] == "independence")
    below = next(each for each in linter["contracts"] if each.get("source_modules") == ["handlers.core"])
    modules = {dialect.fallback.__module__.rsplit(".", 1)[0] for dialect in DIALECTS}
    assert modules == set(apart["modules"])
    assert modules <= set(below["forbidden_modules"])
