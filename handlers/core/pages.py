"""Pages for people: templates that escape what they show, and headers that let nothing foreign in."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HTML = "text/html; charset=utf-8"
SHARED = Path(__file__).parent / "templates"  # what pages of all dialects begin with
# No outside asset, no inline script: a page can only run what this server ships.
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
PAGE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Pages:
    """The templates of a folder; its style sheets and scripts become part of the pages themselves."""

    def __init__(self, folder: Path) -> None:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined

        self._folder = folder
        self._environment = Environment(
            loader=FileSystemLoader([folder, SHARED]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def render(self, template: str, **values: Any) -> bytes:
        """Fill a template in; it reads `style` and `script` by the names of files."""
        found = self._environment.get_template(template)
        return found.render(inline=self.inline, **values).encode("utf-8", "replace")

    def inline(self, name: str) -> Any:
        """Return a file of the folder as it is: the server's own text, which is not escaped."""
        from markupsafe import Markup

        return Markup((self._folder / name).read_text(encoding="utf-8"))  # noqa: S704

    def headers(self, *names: str) -> Mapping[str, str]:
        """Return the headers of pages that contain these files and nothing else that could do harm."""
        allowed = {"css": "style-src", "js": "script-src"}
        hashes = [(allowed[name.rpartition(".")[2]], self._hash(name)) for name in names]
        sources = "; ".join(f"{kind} '{value}'" for kind, value in hashes)
        policy = (
            f"default-src 'none'; {sources}; connect-src 'self'; img-src 'self' data:; "
            "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )
        return {
            "Content-Type": HTML,
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        }

    def _hash(self, name: str) -> str:
        digest = hashlib.sha256(str(self.inline(name)).encode()).digest()
        return "sha256-" + base64.b64encode(digest).decode()


@functools.cache
def open_pages(folder: Path) -> Pages:
    """Return the pages of a folder, read at the first question."""
    return Pages(folder)
