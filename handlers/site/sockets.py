"""Where live clients connect."""

from __future__ import annotations

from handlers.core.dialect import Route
from handlers.core.socket import LiveSocket
from handlers.site import sse

ROUTES = (Route("/connection/websocket", LiveSocket), *sse.ROUTES)
