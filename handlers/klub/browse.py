"""Endpoints as pages: what an answer says, what the endpoint takes, and forms for those who may write."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from http.client import responses
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import orjson
from pydantic import BaseModel

from handlers.core.accept import quality
from handlers.core.errors import OtherStatus
from handlers.core.field_tables import FieldRow, list_fields
from handlers.core.handler import METHODS
from handlers.core.operation import Operation, declared_operation
from handlers.core.pages import open_pages

if TYPE_CHECKING:
    from handlers.klub.rules import KlubHandler

FOLDER = Path(__file__).parent / "pages"
FILES = ("klub.css", "browse.js")
READING = frozenset({"GET", "HEAD"})
NOT_ACCEPTABLE = "Could not satisfy the request Accept header."


class Form(Enum):
    """The forms that answers have."""

    JSON = "json"
    PAGE = "api"


def negotiate(named: str, accept: str, *, reading: bool) -> Form:
    """Choose the form of an answer: the one named in the query, else the one preferred by the header.

    Pages are for readers only. Raises OtherStatus (406) where neither is acceptable.
    """
    if named in {Form.JSON.value, Form.PAGE.value}:
        return Form(named) if reading else Form.JSON
    page, plain = (quality(accept, type_) for type_ in ("text/html", "application/json"))
    if accept and not page and not plain:
        raise OtherStatus(406, NOT_ACCEPTABLE)
    return Form.PAGE if reading and page > plain else Form.JSON


@dataclass(frozen=True, slots=True)
class Offer:
    """A method of an endpoint, as its page shows it; `open` where the caller may use it."""

    method: str
    summary: str
    who: str
    open: bool
    query: tuple[FieldRow, ...]
    body: tuple[FieldRow, ...]

    @property
    def lines(self) -> list[FieldRow]:
        """Return the fields that fit into one line of a form."""
        return [row for row in self.body if row.simple]

    @property
    def blocks(self) -> list[FieldRow]:
        """Return the fields that take JSON of their own."""
        return [row for row in self.body if not row.simple]


def list_offers(handler: KlubHandler) -> list[Offer]:
    """List the methods of an endpoint."""
    found = ((name, declared_operation(type(handler), name)) for name in METHODS if name != "HEAD")
    return [make_offer(handler, name, declared) for name, declared in found if declared is not None]


def make_offer(handler: KlubHandler, method: str, declared: Operation) -> Offer:
    """Describe one method."""
    writing = method not in READING
    programs = handler.services.settings.organization_finance_program_types
    return Offer(
        method,
        declared.summary,
        str(declared.access),
        declared.access.allows(handler.caller, handler.standing, writing=writing)
        and (handler.manages or not writing),
        list_rows(declared.query, programs),
        list_rows(declared.body, programs),
    )


def list_rows(model: type[BaseModel] | None, programs: Sequence[str]) -> tuple[FieldRow, ...]:
    """List the fields of a model; which programs there are is for the installation to say."""
    rows = list_fields(model) if model is not None else ()
    known, kinds = tuple(programs), {"program": "text", "list of program": "list"}
    return tuple(
        replace(row, type=kinds[row.type], choices=known) if row.type in kinds else row for row in rows
    )


def render_page(handler: KlubHandler, body: bytes) -> bytes:
    """Make the page of an answer; its status is the answer's own."""
    pages, request = open_pages(FOLDER), handler.request
    for header, content in pages.headers(*FILES).items():
        handler.set_header(header, content)
    status = handler.get_status()
    value: Any = orjson.loads(body) if body else None
    address = handler.base_url + request.path
    return pages.render(
        "endpoint.html",
        title=title_of(type(handler)),
        purpose=(type(handler).__doc__ or "").strip().split("\n")[0],
        method=request.method,
        path=request.path,
        status=f"{status} {responses.get(status, '')}",
        good=status < 400,
        methods=", ".join(handler.allowed_methods()),
        text=orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() if body else "(an empty body)",
        links=list_links(value, handler.base_url),
        offers=list_offers(handler),
        curl=curl_of(address, request.query),
        json_url=json_link(request.path, request.query),
    )


def title_of(handler: type) -> str:
    """Make a title of a class's name."""
    words = re.findall(r"[A-Z][a-z]*", handler.__name__.removeprefix("Klub").removesuffix("Handler"))
    return " ".join(words).capitalize()


def list_links(value: Any, base: str) -> Mapping[str, str]:
    """Return the neighbours of a page of a list."""
    found = value if isinstance(value, dict) else {}
    names = ("previous", "next")
    return {name: str(found[name]) for name in names if str(found.get(name) or "").startswith(base)}


def curl_of(address: str, query: str) -> str:
    """Write the command that asks for the same; `<token>` stands for a credential."""
    asked = without_format(query)
    url = f"{address}?{asked}" if asked else address
    return f"curl -H 'Authorization: Bearer <token>' {shlex.quote(url)}"


def json_link(path: str, query: str) -> str:
    """Return the address of the plain answer."""
    asked = without_format(query)
    return f"{path}?{asked}&format=json" if asked else f"{path}?format=json"


def without_format(query: str) -> str:
    """Return a query without the form that was asked for."""
    return urlencode([pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != "format"])
