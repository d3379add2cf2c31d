"""Pages and their files, served from this folder's `pages` and `static`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tornado.web import StaticFileHandler

from handlers.core.dialect import Route
from handlers.core.errors import ApiError, NotFound
from handlers.core.operation import operation
from handlers.site.rules import SiteHandler

HERE = Path(__file__).parent
STATIC = HERE / "static"


class PageHandler(SiteHandler):
    """One page."""

    def initialize(self, refusal: ApiError | None = None, *, page: str = "home.html", **options: Any) -> None:
        """Take the page's file name."""
        super().initialize(refusal, **options)
        self.page = page

    @operation()
    async def get(self) -> None:
        """Return the page."""
        self.set_header("Cache-Control", "no-cache")
        self.finish(self.render_page(self.page))


class StaticHandler(SiteHandler, StaticFileHandler):
    """A style sheet, a script, a picture."""

    def initialize(self, refusal: ApiError | None = None, **_: Any) -> None:  # type: ignore[override]
        """Serve the files of `static`."""
        SiteHandler.initialize(self, refusal)
        StaticFileHandler.initialize(self, str(STATIC))

    async def get(self, path: str, include_body: bool = True) -> None:
        """Send a file, or what changed of it."""
        await StaticFileHandler.get(self, path, include_body)

    async def head(self, path: str) -> None:
        """Send a file's headers."""
        await self.get(path, include_body=False)

    @classmethod
    def get_absolute_path(cls, root: str, path: str) -> str:
        """Return where a file would be; `validate_absolute_path` judges it."""
        return os.path.join(root, path)

    def validate_absolute_path(self, root: str, absolute_path: str) -> str:
        """Refuse what is not a file below the folder."""
        # Unlike Path's, this isfile answers for names that no file can have, too.
        if os.path.isfile(absolute_path) and Path(absolute_path).resolve().is_relative_to(STATIC.resolve()):
            return absolute_path
        raise NotFound

    def set_extra_headers(self, path: str) -> None:
        """Have browsers ask whether a file changed, and never guess its type."""
        self.set_header("Cache-Control", "no-cache")
        self.set_header("X-Content-Type-Options", "nosniff")

    def compute_etag(self) -> str | None:  # type: ignore[override]
        """Return the file's own tag."""
        return StaticFileHandler.compute_etag(self)


ROUTES = (
    Route("/", PageHandler, {"page": "home.html"}),
    Route("/dashboard", PageHandler, {"page": "dashboard.html"}),
    Route("/static/html/member_details.html", PageHandler, {"page": "member_details.html"}),
    Route("/static/html/soft_launch_iiccot.html", PageHandler, {"page": "vote.html"}),
    Route("/static/{path}", StaticHandler),
)
