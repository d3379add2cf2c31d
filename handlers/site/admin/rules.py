"""The rules of the administrators' paths: whose credential counts, how bodies are read, what is logged."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from handlers.core.errors import ApiError, Conflict, Denied, Invalid, NotFound, Unauthenticated
from handlers.core.handler import JSON
from handlers.core.operation import Operation
from handlers.site.rules import SiteHandler, read_object
from realtime.codes import Disconnect, Refusal
from storage.accounts import Member

PAGE = 25  # rows
LARGEST_ID = 2**63 - 1

log = logging.getLogger("folkmoot.admin")


class Access(Enum):
    """Who may call an operation."""

    SUPERUSER = "a superuser, by the Authorization header of any dialect"

    def __str__(self) -> str:
        """Return it in words."""
        return self.value


class BadCredential(Unauthenticated):
    """No credential, or one that does not hold."""

    status = 401

    @property
    def headers(self) -> Mapping[str, str]:
        """Say what to send, as RFC 9110 section 15.5.2 demands."""
        return {"WWW-Authenticate": 'Token realm="admin"'}


class Unwanted(Conflict):
    """What is asked for contradicts what is there; the reason is a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.detail = reason


def refuse_nul(text: str) -> str:
    """Refuse what texts of people never hold."""
    if "\0" in text:
        raise ValueError("holds a NUL character")
    return text


Text = Annotated[str, AfterValidator(refuse_nul)]
Before = Annotated[int, Field(ge=0, le=LARGEST_ID, description="continue behind this id")]


class Body(BaseModel):
    """The base of bodies: JSON objects of known fields, each of exactly its type."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Query(BaseModel):
    """The base of queries; unknown fields are left alone."""

    model_config = ConfigDict(frozen=True)


class AdminHandler(SiteHandler):
    """The base of what superusers may call: a header of any dialect counts, cookies never do."""

    access = Access.SUPERUSER
    caller: Member

    def set_default_headers(self) -> None:
        """Keep what is told out of every cache."""
        super().set_default_headers()
        self.set_header("Cache-Control", "no-store")

    async def admit(self, declared: Operation) -> Mapping[str, Any]:
        """Find out who calls, then check the query and the body."""
        self.caller = await self.find_caller()
        inputs = dict(await super().admit(declared))
        if declared.body is not None:
            inputs["body"] = declared.body.model_validate(read_object(self.request.body))
        return inputs

    async def find_caller(self) -> Member:
        """Return the superuser whose credential was sent, as the database knows them now."""
        shown = self.request.headers.get("Authorization", "")
        try:
            who = await self.folkmoot.gate.authorise(shown)
        except (Disconnect, Refusal):
            reason = "the credential is not valid" if shown.strip() else "send a credential as Authorization"
            raise BadCredential(reason) from None
        member = None if who.anonymous else await self.stores.accounts.by_number(int(who.user))
        if member is None or member.generation != who.generation:
            raise BadCredential("the credential is not valid")
        if not member.superuser:
            raise Denied("only superusers may do this")
        return member

    def tell(self, deed: str, **facts: Any) -> None:
        """Write into the log who did what; facts are ids and names, never secrets."""
        request_id = getattr(self.request, "id", "")
        log.info("user %d %s %s (request %s)", self.caller.id, deed, orjson.dumps(facts).decode(), request_id)

    def render_error(self, error: ApiError) -> bytes:
        """Say what is wrong, by field where there are some; programs alone come here."""
        text = "not found" if isinstance(error, NotFound) and not error.detail else error.detail or "refused"
        told: dict[str, Any] = {"error": text}
        if isinstance(error, Invalid):
            told["fields"] = {each.field: each.reason for each in error.fields}
        self.set_header("Content-Type", JSON)
        return orjson.dumps(told)
