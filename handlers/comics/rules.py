"""The rules of this dialect: the order of checks, the words and shapes of refusals, slashes, caching."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any, ClassVar

from handlers.comics.errors import CANNED, Regretted, Unidentified
from handlers.comics.formats import Object
from handlers.comics.negotiation import JSON, choose, open_writer
from handlers.comics.objects import Objects, media_base
from handlers.comics.query import Query
from handlers.core.errors import (
    ApiError,
    Malformed,
    MethodNotAllowed,
    NotFound,
    Throttled,
    Unauthenticated,
    Unavailable,
    Unexpected,
)
from handlers.core.handler import DialectHandler
from handlers.core.operation import Operation
from storage.comics import BadPattern, Slow
from storage.errors import Departed

HTML = "text/html; charset=utf-8"
READING = frozenset({"GET", "HEAD"})
OVERRIDING = frozenset({"PATCH", "PUT", "DELETE"})
ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class ComicsHandler(DialectHandler):
    """Slash → method → credentials → object; then the operation itself. Subclasses set `methods`.

    Paths are `slashed` where those without a final slash lead readers to the one with it.
    """

    methods: ClassVar[tuple[str, ...]] = ("GET",)
    slashed: ClassVar[bool] = True

    async def prepare(self) -> None:
        """Check everything but the body."""
        await super().prepare()
        if self._finished:
            return
        if self.slashed and self.request.method in READING and not self.request.path.endswith("/"):
            self.add_slash()
            return
        self.override_method()
        if not self.serves("GET" if self.request.method == "HEAD" else str(self.request.method)):
            await self.refuse_method()
        await self.authenticate()
        await self.locate()

    def add_slash(self) -> None:
        """Send a reader to the path with the slash."""
        query = f"?{self.query.text}" if self.query.text else ""
        self.redirect(f"{self.request.path}/{query}", permanent=True)

    def override_method(self) -> None:
        """Let clients whose library knows only GET and POST say what they mean."""
        meant = self.request.headers.get("X-HTTP-Method-Override", "").strip().upper()
        if self.request.method == "POST" and meant in OVERRIDING:
            self.request.method = meant

    async def perform(
        self, declared: Operation, method: Callable[..., Awaitable[Any]], path: Mapping[str, str]
    ) -> None:
        """Run an operation; what its path names was found before."""
        await super().perform(declared, method, {})

    async def authenticate(self) -> None:
        """Find out who calls; raises Unauthenticated."""

    async def locate(self) -> None:
        """Find what the path names; raises NotFound."""

    def serves(self, method: str) -> bool:
        """Tell whether the path takes a method."""
        return method in self.methods

    def allowed_methods(self) -> tuple[str, ...]:
        """Return the methods in the order in which clients are told of them."""
        return self.methods

    def decode_argument(self, value: bytes, name: str | None = None) -> str:
        """Read a part of the path; bad UTF-8 is like any other name that does not exist."""
        return value.decode("utf-8", "replace")

    def set_default_headers(self) -> None:
        """Say that the answer depends on what is accepted, and must be asked for anew."""
        super().set_default_headers()
        others = self.cross_origin().get("Vary")
        self.set_header("Vary", f"Accept, {others}" if others else "Accept")
        self.set_header("Cache-Control", "no-cache")

    @cached_property
    def query(self) -> Query:
        """Return the parameters."""
        return Query(self.request.query)

    @cached_property
    def objects(self) -> Objects:
        """Return what makes objects for this request."""
        return Objects(media_base(self.services.settings, self.base_url))

    def send(self, value: Object, root: str) -> None:
        """Send one object in the format that was asked for."""
        self.query.check()
        chosen = choose(self.query, self.request.headers.get("Accept", ""))
        content = open_writer(chosen, self.query).whole(value, root)
        self.set_header("Content-Type", chosen.content_type)
        self.finish(content)

    def answer(self, value: Any, status: int = 200) -> None:
        """Answer without a body: what has one was sent."""
        self.set_status(status)
        self.set_header("Content-Type", HTML)
        self.finish()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Render whatever was raised, some of it under this dialect's own status."""
        own: ApiError | None = None
        match kwargs["exc_info"][1] if "exc_info" in kwargs else None:
            case BadPattern():
                own = Malformed("The regular expression is not valid.")
            case Slow():
                own = Regretted(503)
            case Unauthenticated() | Departed():
                own = Unidentified()
        if own is not None:
            kwargs["exc_info"] = (type(own), own, None)
        super().write_error(status_code, **kwargs)

    def render_error(self, error: ApiError) -> bytes:
        """Write the text, the regret, the methods, or nothing."""
        self.set_header("Content-Type", HTML)
        match error:
            case MethodNotAllowed(allowed=allowed):
                self.set_header("Allow", ",".join(allowed))
                return ",".join(allowed).encode()
            case Unavailable() | Regretted() | Unexpected():
                debug = isinstance(error, Unexpected) and self.services.settings.debug
                return self.write_refusal({"error_message": error.detail if debug else CANNED})
            case Unauthenticated() | NotFound() | Throttled():
                return b""
        return self.write_refusal({"error": error.detail.translate(ESCAPED)})

    def write_refusal(self, body: Mapping[str, str]) -> bytes:
        """Write a refusal in the format that was asked for; never inside a callback that a client named."""
        chosen = JSON
        if self.query.last("callback") is None:
            try:
                chosen = choose(self.query, self.request.headers.get("Accept", ""))
            except Malformed:
                chosen = JSON
        self.set_header("Content-Type", chosen.content_type)
        return chosen.open().whole(body, "response")

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """Log what nobody foresaw; slow lists and bad patterns are answers."""
        if not isinstance(value, BadPattern | Slow):
            super().log_exception(typ, value, tb)


class ComicsNotFound(ComicsHandler):
    """Answers the dialect's paths that do not exist."""

    methods = ()

    async def prepare(self) -> None:
        """Refuse everything but preflights."""
        await DialectHandler.prepare(self)
        if not self._finished:
            raise NotFound
