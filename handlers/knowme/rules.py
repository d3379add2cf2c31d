"""The rules of Know Me: its order of checks, its credential, its words for errors, who may read it."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import Enum
from typing import Any, ClassVar

import orjson
from pydantic import ValidationError

from handlers.core.errors import (
    ApiError,
    BadHost,
    Denied,
    FieldError,
    Invalid,
    MethodNotAllowed,
    NotFound,
    Throttled,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unexpected,
)
from handlers.core.handler import JSON, DialectHandler
from handlers.core.operation import Operation, declared_operation
from handlers.knowme.body import read_fields
from handlers.knowme.fields import REFUSED, REQUIRED
from storage.accounts import Member

WHOLE = "non_field_errors"
REDIRECTED = ("/auth/", "/know-me/")  # slashless /account/ paths are another dialect's
LARGEST_ID = 2**63 - 1
NOT_PROVIDED = "Authentication credentials were not provided."
PREFLIGHT = {
    "Access-Control-Allow-Methods": "DELETE, GET, OPTIONS, PATCH, POST, PUT",
    "Access-Control-Allow-Headers": "accept, accept-encoding, authorization, content-type, dnt, origin, "
    "user-agent, x-csrftoken, x-requested-with",
    "Access-Control-Max-Age": "86400",
}


class Access(Enum):
    """Who may call a path; a bad token is refused everywhere, public paths included."""

    PUBLIC = "anyone"
    SIGNED_IN = "an account's token"
    ANONYMOUS = "nobody with a token"


class Refused(ApiError):
    """A refusal whose whole body is given, where it has none of the usual shapes."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body


class KnowMeHandler(DialectHandler):
    """Credentials → permission → method → the object → the body's fields; then the operation itself.

    Subclasses set `access`, find the object that the path names in `find`, and give validators what
    they have to know of the database in `known`. Operations get `body` alone, not the path.
    """

    access: ClassVar[Access] = Access.SIGNED_IN
    member: Member | None = None
    content_type = ""

    def initialize(self, refusal: ApiError | None = None, **options: Any) -> None:
        """Keep Tornado from reading a form before anybody was asked for credentials."""
        super().initialize(refusal, **options)
        self.content_type = self.request.headers.pop("Content-Type", "")

    async def prepare(self) -> None:
        """Check everything but the body."""
        await super().prepare()
        if self._finished:
            return
        await self.authenticate()
        self.permit()
        method = str(self.request.method)
        if declared_operation(type(self), "GET" if method == "HEAD" else method) is None:
            await self.refuse_method()
        await self.locate()

    async def authenticate(self) -> None:
        """Find out whose token was sent; other schemes count as no credentials."""
        words = self.request.headers.get("Authorization", "").split()
        if not words or words[0].lower() != "token":
            return
        if len(words) == 1:
            raise Unauthenticated("Invalid token header. No credentials provided.")
        if len(words) > 2:
            raise Unauthenticated("Invalid token header. Token string should not contain spaces.")
        holder = await self.stores.tokens.holder(words[1])
        if holder is None:
            raise Unauthenticated("Invalid token.")
        if not holder.active:
            raise Unauthenticated("User inactive or deleted.")
        self.member = holder.member

    def permit(self) -> None:
        """Check who may call."""
        if self.access is Access.SIGNED_IN and self.member is None:
            raise Unauthenticated
        if self.access is Access.ANONYMOUS and self.member is not None:
            raise Denied("This view requires the user to NOT be authenticated.")

    @property
    def owner(self) -> Member:
        """Return the account that calls; raises Unauthenticated where nobody signed in."""
        if self.member is None:
            raise Unauthenticated
        return self.member

    async def locate(self) -> None:
        """Read the ids in the path and find the object that they name."""
        await self.find(**{name: read_id(value) for name, value in self.path_kwargs.items()})

    async def find(self, *_: Any, **ids: Any) -> None:
        """Find the object that the path names; raises NotFound, for other people's objects too."""

    async def known(self, fields: Mapping[str, Any]) -> Any:
        """Return what the body's validators find in `info.context`; `fields` are unchecked."""
        return None

    async def perform(
        self, declared: Operation, method: Callable[..., Awaitable[Any]], path: Mapping[str, str]
    ) -> None:
        """Run an operation; what its path names was found before."""
        inputs = await self.admit(declared)
        answer = await method(**inputs)
        if not self._finished:
            self.answer(answer, declared.status)

    async def admit(self, declared: Operation) -> Mapping[str, Any]:
        """Check the body's fields, all of them together."""
        await self.throttle(declared.limits)
        inputs = self.read_query(declared)
        if declared.body is not None:
            fields = self.read_fields()
            known = await self.known(fields)
            try:
                inputs["body"] = declared.body.model_validate(fields, context=known)
            except ValidationError as error:
                raise Invalid([each for found in error.errors() for each in read_errors(found)]) from None
        await self.throttle(declared.limits, late=True)
        return inputs

    def read_fields(self) -> Mapping[str, Any]:
        """Read the body's fields, unchecked."""
        return read_fields(self.content_type, self.request.body)

    def answer(self, value: Any, status: int = 200) -> None:
        """Send a value; a new object says where it is."""
        if status == 201 and (url := getattr(value, "url", None)) is not None:
            self.set_header("Location", url)
        super().answer(value, status)

    def decode_argument(self, value: bytes, name: str | None = None) -> str:
        """Read a part of the path; bad UTF-8 is like any other id that does not exist."""
        return value.decode("utf-8", "replace")

    def cross_origin(self) -> Mapping[str, str]:
        """Let every site read: there are no cookies to protect."""
        return {"Access-Control-Allow-Origin": "*"}

    def preflight(self) -> bool:
        """Answer every browser's preflight."""
        if "Access-Control-Request-Method" not in self.request.headers:
            return False
        for name, value in PREFLIGHT.items():
            self.set_header(name, value)
        return True

    def render_error(self, error: ApiError) -> bytes:
        """Write the reasons by field, or one sentence."""
        self.set_header("Content-Type", JSON)
        if isinstance(error, Refused):
            return orjson.dumps(error.body)
        if isinstance(error, Invalid):
            return orjson.dumps(nest(error.fields))
        if isinstance(error, Unexpected) and self.services.settings.debug:
            return orjson.dumps({"detail": repr(sys.exception())})
        return orjson.dumps({"detail": describe(error)})


def read_id(value: str) -> int:
    """Read an id in a path; raises NotFound for what can't be one."""
    if not (value.isascii() and value.isdigit() and len(value) <= 40 and int(value) <= LARGEST_ID):
        raise NotFound
    return int(value)


def read_errors(error: Any) -> list[FieldError]:
    """Put one of pydantic's errors into this dialect's words; one value may have several complaints."""
    where = ".".join(str(part) for part in error["loc"])
    kind = str(error["type"])
    if kind == REFUSED:
        return [FieldError(where or WHOLE, kind, reason) for reason in error["ctx"]["texts"]]
    if kind == "missing":
        return [FieldError(where, kind, REQUIRED)]
    given = type(error["input"]).__name__
    return [
        FieldError(
            f"{where}.{WHOLE}".lstrip("."), kind, f"Invalid data. Expected a dictionary, but got {given}."
        )
    ]


def nest(fields: Sequence[FieldError]) -> dict[str, Any]:
    """List the reasons under their fields, those of nested objects in nested objects."""
    tree: dict[str, Any] = {}
    for each in fields:
        *parents, name = each.field.split(".")
        place = tree
        for parent in parents:
            place = place.setdefault(parent, {})
        place.setdefault(name, []).append(each.reason)
    return tree


def describe(error: ApiError) -> str:
    """Put an error into one sentence."""
    match error:
        case Unauthenticated():
            return error.detail or NOT_PROVIDED
        case Denied():
            return error.detail or "You do not have permission to perform this action."
        case NotFound():
            return "Not found."
        case MethodNotAllowed():
            return f'Method "{error.method}" not allowed.'
        case BadHost():
            return "Invalid host."
        case TooLarge():
            return f"The request body is larger than {error.limit} bytes."
        case Unavailable():
            return error.detail or "Service temporarily unavailable, try again later."
        case Throttled(retry_after=seconds):
            unit = "second" if seconds == 1 else "seconds"
            return f"Request was throttled. Expected available in {seconds} {unit}."
        case Unexpected():
            return "Internal server error."
    return error.detail or "The request was refused."


class KnowMeNotFound(KnowMeHandler):
    """Answers the dialect's paths that do not exist, and sends readers to where a slash was forgotten."""

    async def prepare(self) -> None:
        """Redirect or refuse everything but preflights."""
        await DialectHandler.prepare(self)
        if self._finished:
            return
        slashed = self.request.path + "/"
        reading = self.request.method in {"GET", "HEAD"} and slashed.startswith(REDIRECTED)
        if not reading or self.folkmoot.table.find(slashed).route is None:
            raise NotFound
        query = f"?{self.request.query}" if self.request.query else ""
        self.redirect(slashed + query, permanent=True)
