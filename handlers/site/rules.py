"""The site: pages for people, and what watches the server; the owner of every path that nobody claims."""

from __future__ import annotations

import orjson

from handlers.core.errors import ApiError, NotFound
from handlers.core.handler import JSON, DialectHandler, NotFoundHandler

# No outside asset, no inline script: a page can only run what this server ships.
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
PAGE_HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

ERROR_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{title}</title>
<link rel="stylesheet" href="/static/site.css"><main class="message"><h1>{title}</h1>
<p>{text}</p><p><a href="/">Back to the start page</a></p></main></html>
"""


class SiteHandler(DialectHandler):
    """Errors are a small page for a browser and `{"error": …}` for everything else."""

    def render_error(self, error: ApiError) -> bytes:
        """Say what is wrong, to people or to programs."""
        self.set_header("Vary", "Accept, Origin")
        text = "not found" if isinstance(error, NotFound) else error.detail or "refused"
        if "text/html" not in self.request.headers.get("Accept", ""):
            self.set_header("Content-Type", JSON)
            return orjson.dumps({"error": text})
        self.set_header("Content-Type", "text/html; charset=utf-8")
        for name, value in PAGE_HEADERS.items():
            self.set_header(name, value)
        title = "Page not found" if isinstance(error, NotFound) else "This didn't work"
        return ERROR_PAGE.format(title=title, text=_escape(text)).encode()


class SiteNotFound(NotFoundHandler, SiteHandler):
    """Answers every path that nobody serves."""


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
