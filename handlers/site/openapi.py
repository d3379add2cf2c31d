"""The OpenAPI document of each dialect, as programs read it."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from handlers.core.dialect import Dialect, Route
from handlers.core.errors import NotFound
from handlers.core.handler import JSON
from handlers.core.openapi import open_document
from handlers.core.operation import operation
from handlers.core.packed import Packed, pack, send_packed
from handlers.site.rules import SiteHandler


@functools.lru_cache(maxsize=32)
def write_document(dialect: Dialect, server: str) -> Packed:
    """Write the document of a dialect; remembered, since few addresses lead to one server."""
    return pack(orjson.dumps(open_document(dialect).build(server)))


class DocumentedHandler(SiteHandler):
    """What the paths that name a dialect share."""

    @property
    def documented(self) -> Sequence[Dialect]:
        """Return the dialects that say what they are about."""
        found: Mapping[str, Dialect] = {each.name: each for each, _ in self.folkmoot.table}
        return [each for each in found.values() if each.about is not None]

    def find_dialect(self, name: str) -> Dialect:
        """Find a dialect by its name; raises NotFound."""
        found = next((each for each in self.documented if each.name == name), None)
        if found is None:
            raise NotFound
        return found


class OpenApiHandler(DocumentedHandler):
    """The documents."""

    @operation(returns=dict[str, Any])
    async def get(self, file: str) -> None:
        """Return the OpenAPI document of a dialect; the file is the dialect's name and `.json`."""
        name, dot, ending = file.rpartition(".")
        if (dot, ending) != (".", "json"):
            raise NotFound
        packed = await asyncio.to_thread(write_document, self.find_dialect(name), self.base_url)
        self.set_header("Content-Type", JSON)
        self.set_header("Cache-Control", "no-cache")
        send_packed(self, packed)


ROUTES = (Route("/openapi/{file}", OpenApiHandler),)
