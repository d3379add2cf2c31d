"""One JSON line a request, with everything secret taken out."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import parse_qsl, quote, unquote, urlencode

import orjson
from tornado.httputil import HTTPServerRequest

if TYPE_CHECKING:
    from handlers.core.routing import Match

SECRET_KEYS = frozenset({"key", "s", "api_key", "token", "t", "cf_connect"})
MASK = "***"
LONGEST = 2000  # characters of a path or query that are worth a line


def mask_query(query: str) -> str:
    """Return a query string without the values of secret keys."""
    if not query:
        return ""
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode(
        [(name, MASK if name.lower() in SECRET_KEYS else value) for name, value in pairs], safe="*"
    )


def mask_path(path: str, match: Match | None) -> str:
    """Return a path without its secret segments.

    A path that misses its route (a slash too many, letters encoded for no reason) may hold one too.
    """
    if match is None or match.route is None:
        plain = re.sub("/+", "/", unquote(path))
        found = next((at for each in match.secrets if (at := each.search(plain))), None) if match else None
        return path if found is None else plain[: found.end()] + MASK
    if not match.route.secrets:
        return path
    segments = {
        name: MASK if name in match.route.secrets else value for name, value in match.arguments.items()
    }
    return match.route.path.format(**segments)


class AccessLog:
    """Writes lines to a stream, about as cheap as writing gets."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, request: HTTPServerRequest, status: int, client: str) -> None:
        """Write one line; times in milliseconds, the moment in Unix seconds."""
        match: Match | None = getattr(request, "match", None)
        line: dict[str, Any] = {
            "at": round(time.time(), 3),
            "event": "request",
            "method": request.method,
            "path": quote(mask_path(request.path, match), safe="/%:@!$&'()*+,;=~-._")[:LONGEST],
            "query": mask_query(request.query)[:LONGEST],
            "status": status,
            "ms": round(request.request_time() * 1000, 2),
            "client": client,
            "dialect": match.dialect.name if match is not None else None,
            "request": getattr(request, "id", None),
        }
        self._stream.write(orjson.dumps(line).decode() + "\n")
