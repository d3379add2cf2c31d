"""A superuser who calls what administrators may, and the paths that there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson

from handlers.core.dialect import discover
from handlers.core.operation import declared_operation
from tests.klub.callers import Someone
from tests.serving import Answer

API = "/admin/api"


class Desk:
    """What one superuser asks and does."""

    def __init__(self, superuser: Someone) -> None:
        self.superuser = superuser

    async def ask(self, path: str) -> Any:
        """Read; the answer has to be good."""
        answer = await self.superuser.get(API + path)
        assert answer.status == 200, answer.text
        return answer.json

    async def do(self, path: str, value: Any = None, method: str = "POST") -> Answer:
        """Act."""
        return await self.superuser.call(method, API + path, orjson.dumps(value))


def operations() -> Iterator[tuple[str, str]]:
    """Yield the method and an example path of every operation below the administrators'."""
    site = next(each for each in discover() if each.name == "site")
    for route in site.routes:
        if route.path.startswith(API + "/"):
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
                if declared_operation(route.handler, method) is not None:
                    yield method, re.sub(r"\{\w+\}", "1", route.path)
