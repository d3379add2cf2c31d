"""What a dialect declares about itself, and how dialects are found."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tornado.web import RequestHandler

if TYPE_CHECKING:
    from handlers.core.about import About
    from handlers.core.live import Live
    from handlers.core.services import Services
    from handlers.core.worker import Runner
    from settings import Settings
    from storage.stores import Stores


@dataclass(frozen=True)
class Route:
    """One path, with `{name}` for a segment, and the handler class behind it.

    `secrets` names the segments that logs must not show. A `slashless` route is found without its last
    slash, too; its handler says what becomes of that. The segment called `rest` takes all that follows,
    slashes included.
    """

    path: str
    handler: type[RequestHandler]
    options: Mapping[str, Any] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    slashless: bool = False
    rest: str = ""

    @property
    def fixed(self) -> Sequence[str]:
        """Return the paths of a route without segments."""
        if "{" in self.path:
            return ()
        return (self.path, self.path.removesuffix("/")) if self.slashless else (self.path,)

    def pattern(self) -> re.Pattern[str]:
        """Return what matches the raw, still percent-encoded path."""
        return re.compile("".join(self._pieces()) + ("?" if self.slashless else ""))

    def before_secret(self) -> re.Pattern[str] | None:
        """Return what matches a path up to its first secret segment, None where there is no secret."""
        pieces = self._pieces()
        at = [
            index for index, piece in enumerate(pieces) if any(f"<{name}>" in piece for name in self.secrets)
        ]
        return re.compile("".join(pieces[: at[0]]), re.IGNORECASE) if at else None

    def _pieces(self) -> list[str]:
        parts = re.split(r"\{(\w+)\}", self.path)
        return [
            (f"(?P<{part}>.+)" if part == self.rest else f"(?P<{part}>[^/]+)") if odd % 2 else re.escape(part)
            for odd, part in enumerate(parts)
        ]


@dataclass(frozen=True, eq=False)
class Dialect:
    """One API dialect: which paths are its own, what it serves there, and what it pushes.

    A claim is a path prefix, or with a leading `=` one exact path; the longest claim of any dialect wins.
    `fallback` answers what is claimed but not routed, in the dialect's own shapes. `runners` do the
    dialect's own kinds of jobs. `about` is what documents say of it besides its operations.
    """

    name: str
    title: str
    claims: tuple[str, ...]
    routes: tuple[Route, ...]
    fallback: type[RequestHandler]
    live: Callable[[Services], Live] | None = None
    runners: Callable[[Settings, Stores], Mapping[str, Runner]] | None = None
    about: About | None = None


def discover() -> tuple[Dialect, ...]:
    """Find the dialects: every folder of `handlers` that declares one, in alphabetical order."""
    import handlers

    return tuple(_declared(handlers.__path__))


def _declared(folders: Sequence[str]) -> Iterator[Dialect]:
    for found in sorted(pkgutil.iter_modules(folders), key=lambda each: each.name):
        module = importlib.import_module(f"handlers.{found.name}")
        if isinstance(dialect := getattr(module, "DIALECT", None), Dialect):
            yield dialect
