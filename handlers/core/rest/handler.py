"""The way of a request in these dialects: credentials, permission, method, object, fields, operation."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

import orjson
from pydantic import ValidationError

from handlers.core.errors import ApiError, Invalid, NotFound, Unauthenticated, Unexpected
from handlers.core.handler import JSON, DialectHandler
from handlers.core.operation import Operation, declared_operation
from handlers.core.rest.body import PLAIN, Spelling, read_fields
from handlers.core.rest.words import describe, nest, read_errors
from storage.accounts import Member

LARGEST_ID = 2**63 - 1


class Refused(ApiError):
    """A refusal whose whole body is given, where it has none of the usual shapes."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body
        self._headers = headers or {}

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers that come with the body."""
        return self._headers


class RestHandler(DialectHandler):
    """Credentials → permission → method → the object → the body's fields; then the operation itself.

    A dialect's base finds out in `authenticate` who calls, and in `permit` whether they may at all.
    Subclasses find the object that the path names in `find`, and give validators what they have to know
    of the database in `known`. Operations get `body` and `query` alone, not the path.
    """

    member: Member | None = None
    content_type = ""
    spelling: ClassVar[Spelling] = PLAIN  # of forms

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
        """Find out who calls; sets `member`."""
        raise NotImplementedError

    def permit(self) -> None:
        """Check who may call."""
        raise NotImplementedError

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

    def read_query(self, declared: Operation) -> dict[str, Any]:
        """Check the query string's fields, with the words that a body's have."""
        try:
            return super().read_query(declared)
        except ValidationError as error:
            raise Invalid([each for found in error.errors() for each in read_errors(found)]) from None

    def read_fields(self) -> Mapping[str, Any]:
        """Read the body's fields, unchecked."""
        limit = self.services.settings.max_body_bytes  # forms may be longer, for files only
        return read_fields(self.content_type, self.request.body, self.spelling, text_limit=limit)

    def decode_argument(self, value: bytes, name: str | None = None) -> str:
        """Read a part of the path; bad UTF-8 is like any other id that does not exist."""
        return value.decode("utf-8", "replace")

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
