"""Prints every route: method, path, dialect, who may."""

from __future__ import annotations

from handlers.core.about import who_may
from handlers.core.dialect import discover
from handlers.core.handler import METHODS
from handlers.core.operation import declared_operation
from scripts.session import make_parser, print_json


def list_routes() -> list[dict[str, str]]:
    """Return a row for each operation of each dialect."""
    rows = []
    for dialect in discover():
        for route in dialect.routes:
            for method in METHODS:
                declared = declared_operation(route.handler, method)
                if declared is not None:
                    access = who_may(route.handler, declared)
                    who = "everyone" if access is None else str(access)
                    rows.append(
                        {
                            "method": method,
                            "path": route.path,
                            "dialect": dialect.name,
                            "who": who,
                            "does": declared.summary,
                        }
                    )
    return rows


def main() -> None:
    """Print the routes."""
    make_parser("routes", __doc__ or "", "").parse_args()
    print_json(list_routes())


if __name__ == "__main__":
    main()
