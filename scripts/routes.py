"""Prints every route: method, path, dialect, who may."""

from __future__ import annotations

from collections.abc import Iterator

from tornado.web import RequestHandler

from handlers.core.about import who_may
from handlers.core.dialect import discover
from handlers.core.handler import METHODS, DialectHandler
from handlers.core.operation import declared_operation
from scripts.session import make_parser, print_json


def list_routes() -> list[dict[str, str]]:
    """Return a row for each method of each path of each dialect."""
    return [
        {"method": method, "path": route.path, "dialect": dialect.name, "who": who, "does": does}
        for dialect in discover()
        for route in dialect.routes
        for method, who, does in describe(route.handler)
    ]


def describe(handler: type[RequestHandler]) -> Iterator[tuple[str, str, str]]:
    """Yield the methods of a handler, who may use each, and what it does.

    Files and the WebSocket are answered without an operation; their class says what they are.
    """
    found = {method: declared_operation(handler, method) for method in METHODS}
    for method, declared in found.items():
        if declared is not None:
            access = who_may(handler, declared)
            yield method, "everyone" if access is None else str(access), declared.summary
    if not any(found.values()) and getattr(handler, "get", None) is not DialectHandler.refuse_method:
        yield "GET", "everyone", (handler.__doc__ or "").strip().split("\n")[0]


def main() -> None:
    """Print the routes."""
    make_parser("routes", __doc__ or "", "").parse_args()
    print_json(list_routes())


if __name__ == "__main__":
    main()
