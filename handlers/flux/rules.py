"""The members' dialect: its order of checks, its credential, its words for errors, who may read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from handlers.core.body import read_object
from handlers.core.dialect import Route
from handlers.core.errors import (
    ApiError,
    Conflict,
    Denied,
    FieldError,
    Invalid,
    NotFound,
    Throttled,
    Unauthenticated,
)
from handlers.core.handler import JSON, DialectHandler, NotFoundHandler
from handlers.core.operation import Operation
from storage.accounts import Member
from storage.extended_json import dumps

LONGEST_SECRET = 50
CORS = {"Access-Control-Allow-Origin": "*"}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PATCH, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type, Authorization",
}
WORDS = {
    "missing": "is missing",
    "string_type": "is not a text",
    "int_type": "is not a whole number",
    "bool_type": "is not true or false",
}


@dataclass(frozen=True)
class Access:
    """Who may call: whoever's secret is in one of the fields, and holds the role where one is named."""

    fields: tuple[str, ...] = ("s",)
    role: str | None = None

    def __str__(self) -> str:
        """Return it in words."""
        return "a member" if self.role is None else f"a member with the role {self.role}, an admin"


MEMBER = Access()
ADMIN = Access(role="admin")


class FluxHandler(DialectHandler):
    """Body readable → secret → role → rate limit → fields; then the operation itself."""

    member: Member
    body: Mapping[str, Any] = {}

    def initialize(self, refusal: ApiError | None = None, **options: Any) -> None:
        """Keep Tornado from reading a form: bodies are JSON whatever their Content-Type says."""
        super().initialize(refusal, **options)
        self.request.headers.pop("Content-Type", None)

    def decode_argument(self, value: bytes, name: str | None = None) -> str:
        """Decode a segment of the path or a value of the query."""
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise Invalid.field(name or "path", "is not UTF-8") from None

    async def admit(self, declared: Operation) -> Mapping[str, Any]:
        """Check a call in this dialect's order."""
        if declared.body is not None:
            self.body = read_object(self.request.body)
        if declared.access is not None:
            self.member = await self.authenticate(declared.access)
            await self.permit(declared.access)
        await self.throttle(declared.limits)
        inputs = self.read_query(declared)
        if declared.body is not None:
            inputs["body"] = declared.body.model_validate(self.body)
        await self.throttle(declared.limits, late=True)
        return inputs

    async def authenticate(self, access: Access) -> Member:
        """Find the member whose secret the body carries; only failures count against the limit."""
        for name in access.fields:
            secret = self.body.get(name)
            if isinstance(secret, str) and 1 <= len(secret) <= LONGEST_SECRET:
                member = await self.stores.accounts.by_secret(secret)
                if member is not None:
                    return member
        raise await self.refused()

    async def refused(self) -> Unauthenticated:
        """Return what refuses a credential; only such calls count against the limit: raises Throttled."""
        await self.count("flux_limit_bad_s", self.client)
        return Unauthenticated()

    async def permit(self, access: Access) -> None:
        """Check the role; an admin has every one."""
        if access.role is None:
            return
        held = await self.stores.roles.held_by(self.member.oid, superuser=self.member.superuser)
        if access.role not in held and "admin" not in held:
            raise Denied

    def set_default_headers(self) -> None:
        """Keep answers that may carry a secret out of caches."""
        super().set_default_headers()
        if self.request.method == "POST":
            self.set_header("Cache-Control", "no-store")

    def cross_origin(self) -> Mapping[str, str]:
        """Let every site read: there are no cookies to protect."""
        return CORS

    def preflight(self) -> bool:
        """Answer every OPTIONS request."""
        self.set_status(204)
        for name, value in PREFLIGHT.items():
            self.set_header(name, value)
        return True

    def encode(self, value: Any) -> bytes:
        """Write Extended JSON."""
        return dumps(value)

    def render_error(self, error: ApiError) -> bytes:
        """Write the text for people and the list that clients show."""
        texts = describe(error)
        self.set_header("Content-Type", JSON)
        return orjson.dumps({"error": "; ".join(texts), "error_args": texts})


def describe(error: ApiError) -> list[str]:
    """Put an error into this dialect's words, one text for each thing that is wrong."""
    match error:
        case Unauthenticated():
            return ["auth failed"]
        case Denied():
            return ["insufficient permissions"]
        case Invalid():
            return [f"{each.field}: {word(each)}" for each in error.fields]
        case NotFound():
            return [error.detail or "not found"]
        case Conflict():
            return [f"{error.what}: there is an account with this address already"]
        case Throttled():
            return [error.detail]
    return [error.detail or "the request was refused"]


def word(error: FieldError) -> str:
    """Put one bad field into words."""
    return WORDS.get(error.kind, error.reason)


class FluxNotFound(NotFoundHandler, FluxHandler):
    """Answers the dialect's paths that do not exist."""


def with_alias(path: str, handler: type[FluxHandler]) -> tuple[Route, Route]:
    """Route a call both below /api/v0 and without it, as old clients ask for it."""
    return Route(f"/api/v0{path}", handler), Route(path, handler)
