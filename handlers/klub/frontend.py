"""Where the lists of the frontend are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_origin

from handlers.core.dialect import Route
from handlers.core.operation import declared_operation, operation
from handlers.klub.access import ANYONE
from handlers.klub.paging import Page
from handlers.klub.rules import KlubHandler

PREFIX = "/api/frontend/"


class FrontendHandler(KlubHandler):
    """The lists of the frontend by their names."""

    @operation(access=ANYONE, returns=dict[str, str])
    async def get(self) -> Mapping[str, str]:
        """Name the lists of the frontend."""
        return {
            route.path.removeprefix(PREFIX).rstrip("/"): self.base_url + route.path
            for _, route in self.folkmoot.table
            if route.path.startswith(PREFIX) and is_list(route)
        }


def is_list(route: Route) -> bool:
    """Tell whether a path without segments is that of a list."""
    declared = declared_operation(route.handler, "GET")
    return "{" not in route.path and declared is not None and get_origin(declared.returns) in {list, Page}


ROUTES = (Route(PREFIX, FrontendHandler),)
