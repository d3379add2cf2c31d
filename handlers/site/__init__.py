"""Pages, documents, health and the doors of the live hub; owns every path that no dialect claims."""

from __future__ import annotations

from handlers.core.dialect import Dialect
from handlers.site import dashboard, health, layer, pages, sockets, tokens
from handlers.site.rules import SiteNotFound

DIALECT = Dialect(
    name="site",
    title="Site: pages, documents, live hub",
    claims=("",),
    routes=(*pages.ROUTES, *dashboard.ROUTES, *health.ROUTES, *tokens.ROUTES, *layer.ROUTES, *sockets.ROUTES),
    fallback=SiteNotFound,
)
