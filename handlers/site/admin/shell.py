"""The page itself: one shell without any data for all of its addresses; other calls fill it."""

from __future__ import annotations

from handlers.core.dialect import Route
from handlers.core.errors import NotFound
from handlers.core.operation import operation
from handlers.site.rules import SiteHandler

AREAS = ("people", "polls", "events", "clients", "jobs", "channels", "integrity")
DETAILED = ("people", "polls")  # areas with a page for each thing in them


class ShellHandler(SiteHandler):
    """The shell, wherever one deep-links to."""

    @operation()
    async def get(self, area: str = "", number: str = "") -> None:
        """Return the administrators' page."""
        known = not area or (area in AREAS if not number else area in DETAILED)
        if not known or not (number or "0").isdigit():
            raise NotFound
        self.set_header("Cache-Control", "no-cache")
        self.finish(self.render_page("admin.html"))


class SlashHandler(SiteHandler):
    """Leads to the page from where its slash was forgotten."""

    @operation()
    async def get(self) -> None:
        """Redirect to the administrators' page."""
        self.redirect("/admin/", permanent=True)


ROUTES = (
    Route("/admin", SlashHandler),
    *(Route(path, ShellHandler) for path in ("/admin/", "/admin/{area}", "/admin/{area}/{number}")),
)
