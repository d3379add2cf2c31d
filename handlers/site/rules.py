"""The site: pages for people, and what watches the server; the owner of every path that nobody claims."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from handlers.core.errors import ApiError, Malformed, NotFound
from handlers.core.handler import JSON, DialectHandler, NotFoundHandler
from handlers.core.pages import HTML, PAGE_HEADERS, open_pages
from storage.admin.search import read_id

PAGES = Path(__file__).parent / "pages"


class SiteHandler(DialectHandler):
    """Errors are a small page for a browser and `{"error": …}` for everything else."""

    def render_error(self, error: ApiError) -> bytes:
        """Say what is wrong, to people or to programs."""
        self.set_header("Vary", "Accept, Origin")
        text = "not found" if isinstance(error, NotFound) else error.detail or "refused"
        if "text/html" not in self.request.headers.get("Accept", ""):
            self.set_header("Content-Type", JSON)
            return orjson.dumps({"error": text})
        heading = "Page not found" if isinstance(error, NotFound) else "This didn't work"
        return self.render_page("error.html", heading=heading, reason=text)

    def render_page(self, template: str, **values: Any) -> bytes:
        """Fill a template in; sets the headers of pages."""
        self.set_header("Content-Type", HTML)
        for name, value in PAGE_HEADERS.items():
            self.set_header(name, value)
        brand = self.services.settings.brand
        demo = self.services.demo is not None
        return open_pages(PAGES).render(template, brand=brand, here=self.request.path, demo=demo, **values)


class SiteNotFound(NotFoundHandler, SiteHandler):
    """Answers every path that nobody serves."""


def read_object(body: bytes) -> Mapping[str, Any]:
    """Read a body's JSON object, unchecked; raises Malformed."""
    try:
        fields = orjson.loads(body)
    except ValueError:
        raise Malformed("the body must be JSON") from None
    if not isinstance(fields, dict):
        raise Malformed("the body must be a JSON object")
    return fields


def read_number(text: str, what: str) -> int:
    """Read an id in a path; raises NotFound for what can't be one."""
    number = read_id(text)
    if number is None:
        raise NotFound(f"no such {what}")
    return number
