"""Pages, documents, health and the doors of the live hub; owns every path that no dialect claims."""

from __future__ import annotations

from handlers.core.dialect import Dialect
from handlers.site import (
    admin,
    dashboard,
    demo,
    docs,
    health,
    layer,
    live_docs,
    openapi,
    pages,
    sockets,
    tokens,
)
from handlers.site.about import ABOUT
from handlers.site.rules import SiteNotFound

DIALECT = Dialect(
    name="site",
    title="Site: pages, documents, live hub",
    claims=("",),
    routes=(
        *pages.ROUTES,
        *dashboard.ROUTES,
        *demo.ROUTES,
        *docs.ROUTES,
        *openapi.ROUTES,
        *live_docs.ROUTES,
        *health.ROUTES,
        *tokens.ROUTES,
        *layer.ROUTES,
        *sockets.ROUTES,
        *admin.ROUTES,
    ),
    fallback=SiteNotFound,
    about=ABOUT,
)
