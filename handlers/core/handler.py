"""The base of every dialect's handlers: one way through a request, one place for errors."""

from __future__ import annotations

import asyncio
import logging
import secrets
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar, cast

import orjson
from pydantic import BaseModel
from tornado.web import RequestHandler

from handlers.core.application import Folkmoot
from handlers.core.errors import (
    ApiError,
    BadHost,
    MethodNotAllowed,
    NotFound,
    Throttled,
    Unexpected,
    classify,
)
from handlers.core.operation import Limit, Operation
from handlers.core.services import Services
from handlers.core.setting_values import RateLimit
from storage.errors import Exhausted
from storage.stores import Stores
from storage.throttle import Call

log = logging.getLogger(__name__)

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
JSON = "application/json; charset=utf-8"


class DialectHandler(RequestHandler):
    """Runs operations in the dialect's order of checks and renders its errors.

    `reads_forms` has Tornado parse forms and uploads; without it a body is just bytes.
    A dialect's own base class overrides `admit` (the order), `render_error` (words and shape), `encode`
    (how answers are written) and `cross_origin` (who may read them from other sites).
    """

    checks_host: ClassVar[bool] = True
    query_context: Any = None  # what the validators of queries find in `info.context`
    reads_forms: ClassVar[bool] = False
    refusal: ApiError | None = None

    def initialize(self, refusal: ApiError | None = None, **options: Any) -> None:
        """Take what the route gives; a refusal is answered instead of anything else."""
        self.refusal = refusal
        if not self.reads_forms:
            # Tornado would refuse, before anybody can say why, what is labelled as a form and is none.
            self.request._parse_body = lambda: None  # type: ignore[method-assign]

    @property
    def services(self) -> Services:
        """Return the parts to work with."""
        return self.folkmoot.services

    @property
    def stores(self) -> Stores:
        """Return the stores."""
        return self.services.stores

    @property
    def client(self) -> str:
        """Return the client's address."""
        return self.services.addressing.proxies.client(self.request)

    @property
    def base_url(self) -> str:
        """Return what absolute links begin with."""
        return self.services.addressing.base_url(self.request)

    def set_default_headers(self) -> None:
        """Name the request, so that an answer can be found in the log."""
        request = cast("Any", self.request)
        if not hasattr(request, "id"):
            request.id = secrets.token_hex(8)
        self.set_header("X-Request-Id", request.id)
        self.clear_header("Server")
        for name, value in self.cross_origin().items():
            self.set_header(name, value)

    @property
    def folkmoot(self) -> Folkmoot:
        """Return the application."""
        return cast("Folkmoot", self.application)

    async def prepare(self) -> None:
        """Refuse what no operation should see."""
        if self.checks_host and not self.services.addressing.hosts.allows(self.request.host):
            raise BadHost("this server does not answer to that host name (ALLOWED_HOSTS)")
        if self.refusal is not None:
            raise self.refusal
        if self.request.method == "OPTIONS" and self.preflight():
            self.finish()

    # Cross-origin reading

    def cross_origin(self) -> Mapping[str, str]:
        """Return the CORS headers: a listed origin gets itself back, never with credentials."""
        return self.services.addressing.cross_origin(self.request)

    def preflight(self) -> bool:
        """Answer a browser's preflight of a listed origin; False leaves OPTIONS to the 405."""
        promised = self.services.addressing.preflight(self.request, self.allowed_methods())
        if promised is None:
            return False
        self.set_status(204)
        for name, value in promised.items():
            self.set_header(name, value)
        return True

    # One operation

    async def perform(
        self, declared: Operation, method: Callable[..., Awaitable[Any]], path: Mapping[str, str]
    ) -> None:
        """Check a call, run it, send what it returns."""
        inputs = await self.admit(declared)
        answer = await method(**path, **inputs)
        if not self._finished:
            self.answer(answer, declared.status)

    async def admit(self, declared: Operation) -> Mapping[str, Any]:
        """Check a call in the dialect's order; return the checked inputs."""
        await self.throttle(declared.limits)
        return self.read_query(declared)

    def read_query(self, declared: Operation) -> dict[str, Any]:
        """Check the query string's fields; of a repeated one the first counts."""
        if declared.query is None:
            return {}
        values = {
            name: self.decode_argument(found[0], name) for name, found in self.request.query_arguments.items()
        }
        return {"query": declared.query.model_validate(values, context=self.query_context)}

    async def throttle(self, limits: Sequence[Limit], *, late: bool = False) -> None:
        """Count the call against its limits; raises Throttled."""
        for limit in limits:
            if limit.late is late:
                await self.count(limit.setting, limit.key(self))

    async def count(self, setting: str, key: str) -> None:
        """Count one call against a limit of the settings; raises Throttled."""
        settings = self.services.settings
        rate: RateLimit = getattr(settings, setting)
        allowed = rate.calls * settings.rate_limit_scale
        if not allowed:
            return
        try:
            await self.stores.throttle.count(Call(setting.upper(), key, allowed, rate.seconds))
        except Exhausted as error:
            raise Throttled(error.retry_after) from error

    # Answers

    def answer(self, value: Any, status: int = 200) -> None:
        """Send a value in the dialect's encoding."""
        self.set_status(status)
        if status != 204:
            self.set_header("Content-Type", JSON)
            self.write(self.encode(value))
        self.finish()

    def encode(self, value: Any) -> bytes:
        """Write a value as JSON."""
        return orjson.dumps(value, default=dump_model)

    def compute_etag(self) -> None:
        """Leave ETags out: hashing each body costs more than it saves on these answers."""

    def finish(self, chunk: str | bytes | dict[str, Any] | None = None) -> asyncio.Future[None]:
        """Send the answer; the request is over when the client's side has taken it."""
        sent = super().finish(chunk)
        sent.add_done_callback(lambda _: self.folkmoot.end(self.request))
        return sent

    def on_connection_close(self) -> None:
        """Nobody waits for this answer any more."""
        super().on_connection_close()
        self.folkmoot.end(self.request)

    # Methods and errors

    def allowed_methods(self) -> tuple[str, ...]:
        """Return the methods that have an operation; HEAD comes with GET."""
        return tuple(name for name in METHODS if self.serves("GET" if name == "HEAD" else name))

    def serves(self, method: str) -> bool:
        """Tell whether the class answers a method with more than a refusal."""
        return getattr(type(self), method.lower()) is not DialectHandler.refuse_method

    async def refuse_method(self, *_: Any, **__: Any) -> None:
        """Answer a method that has no operation."""
        raise MethodNotAllowed(str(self.request.method), self.allowed_methods())

    async def head(self, *args: Any, **kwargs: Any) -> None:
        """Answer as GET does; the body stays away."""
        if not self.serves("GET"):
            await self.refuse_method()
        await cast("Any", self).get(*args, **kwargs)

    get: Any = refuse_method
    post: Any = refuse_method
    put: Any = refuse_method
    patch: Any = refuse_method
    delete: Any = refuse_method
    options: Any = refuse_method

    def render_error(self, error: ApiError) -> bytes:
        """Put an error into the dialect's words; sets the Content-Type too."""
        self.set_header("Content-Type", JSON)
        return orjson.dumps({"error": error.detail or "refused"})

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Render whatever was raised."""
        raised = kwargs["exc_info"][1] if "exc_info" in kwargs else ApiError()
        error = classify(raised)
        if self.services.settings.debug and isinstance(error, Unexpected):
            error = Unexpected("".join(traceback.format_exception(raised)))
        if error.status == 405 and not isinstance(error, MethodNotAllowed):
            error = self.refuse_unknown_method()
        self.set_status(error.status)
        for name, value in error.headers.items():
            self.set_header(name, value)
        self.finish(self.render_error(error))

    def refuse_unknown_method(self) -> ApiError:
        """Put Tornado's refusal, which comes before everything else, into the usual words."""
        allowed = self.allowed_methods()
        if allowed:
            return MethodNotAllowed(str(self.request.method), allowed)
        return NotFound("there is nothing at this path")

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """Log what nobody foresaw, under the id that the answer carries."""
        if value is not None and isinstance(classify(value), Unexpected):
            request_id = cast("Any", self.request).id
            place = {"request": request_id}
            log.error("unexpected error, request %s", request_id, exc_info=(typ, value, tb), extra=place)


class NotFoundHandler(DialectHandler):
    """Answers paths that a dialect claims but does not serve."""

    async def prepare(self) -> None:
        """Refuse everything but preflights."""
        await super().prepare()
        if not self._finished:
            raise NotFound("there is nothing at this path")


def dump_model(value: Any) -> Any:
    """Let orjson write pydantic models."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    raise TypeError(type(value).__name__)
