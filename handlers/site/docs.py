"""The entrance to the documents, and Swagger UI for each dialect."""

from __future__ import annotations

import asyncio
import functools
import importlib.metadata
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from handlers.core.dialect import Dialect, Route
from handlers.core.errors import NotFound
from handlers.core.operation import operation
from handlers.core.packed import Packed, pack, send_packed
from handlers.site.openapi import DocumentedHandler
from handlers.site.rules import SiteHandler

WHEEL, FOLDER = "swagger-ui-py", "swagger_ui"
# What browsers load of the wheel's files; its sample pages and editors stay where they are.
FILES: Mapping[str, str] = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
}


def find_ui() -> Path:
    """Find the folder of Swagger UI's files, without running the package around them."""
    spec = importlib.util.find_spec(FOLDER)
    assert spec is not None, WHEEL
    assert spec.submodule_search_locations is not None, WHEEL
    return Path(spec.submodule_search_locations[0]) / "static"


@functools.cache
def load_file(name: str) -> Packed:
    """Read one of Swagger UI's files and compress it; takes a moment, and is remembered."""
    return pack((find_ui() / name).read_bytes())


class SwaggerFileHandler(SiteHandler):
    """Swagger UI's own files, at addresses that change with its version."""

    @operation()
    async def get(self, file: str) -> None:
        """Send one of Swagger UI's files."""
        if file not in FILES:
            raise NotFound
        packed = await asyncio.to_thread(load_file, file)
        self.set_header("Content-Type", FILES[file])
        self.set_header("Cache-Control", "public, max-age=31536000, immutable")
        send_packed(self, packed)


class DocsHandler(DocumentedHandler):
    """The entrance."""

    @operation()
    async def get(self) -> None:
        """Show what is served, by dialect, with the first calls to try."""
        cards = [describe(each, self.base_url) for each in self.documented]
        self.send_page("docs.html", cards=cards, base=self.base_url)

    def send_page(self, template: str, **values: Any) -> None:
        """Send a page that browsers keep no longer than it holds."""
        self.set_header("Cache-Control", "no-cache")
        self.finish(self.render_page(template, **values))


class SwaggerHandler(DocsHandler):
    """Swagger UI with the document of a dialect."""

    @operation()
    async def get(self, dialect: str) -> None:
        """Show a dialect's calls in Swagger UI, to be tried as one of the demo's people if there are any."""
        found = self.find_dialect(dialect)
        version = importlib.metadata.version(WHEEL)
        self.send_page("docs_api.html", card=describe(found, self.base_url), version=version)


def describe(dialect: Dialect, base: str) -> dict[str, str]:
    """Return what a card shows of a dialect."""
    assert dialect.about is not None, dialect.name
    name, _, what = dialect.title.partition(": ")
    return {
        "key": dialect.name,
        "name": name,
        "what": what[:1].upper() + what[1:],
        "paths": dialect.about.paths,
        "try_it": dialect.about.first_call.format(base=base),
    }


ROUTES = (
    Route("/docs", DocsHandler),
    Route("/docs/{dialect}", SwaggerHandler),
    Route("/docs/ui/{file}", SwaggerFileHandler),
)
