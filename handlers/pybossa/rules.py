"""The rules of PyBossa: the order of checks, who calls, JSON or pages, redirects, errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Never, cast
from urllib.parse import quote

import orjson
from pydantic import BaseModel, BeforeValidator
from tornado.web import Finish, RequestHandler

from handlers.core.dialect import Route
from handlers.core.errors import ApiError, Denied, Malformed, MethodNotAllowed, NotFound, Unexpected
from handlers.core.handler import JSON, METHODS, DialectHandler
from handlers.core.operation import Operation
from handlers.core.pages import HTML, PAGE_HEADERS, open_pages
from handlers.core.rest.body import JSON_TYPE
from handlers.pybossa.browser import Browser
from handlers.pybossa.forms import read_sent
from storage.errors import Departed
from storage.pybossa.people import PyBossaUser
from storage.pybossa.sessions import Message

TEMPLATES = Path(__file__).parent / "templates"
# Statuses with a page of their own, and what is said where there is nothing more precise to say.
SENTENCES = {
    400: "The request can't be read.",
    403: "This belongs to somebody else.",
    404: "There is nothing at this address.",
    405: "The method is not allowed here.",
    413: "The request is too large.",
    415: "This kind of form is unknown.",
    429: "That was too often.",
    500: "Something went wrong on the server.",
}
SIGN_IN, HOME = "/account/signin", "/"
PLEASE_SIGN_IN = "Please sign in to access this page."
BAD_CSRF = "CSRF validation failed."
LONGEST_KEY = 200
SCHEME = "apikey"


class Access(Enum):
    """Who may call an operation; the last two are about the person whom the path names."""

    EVERYONE = "everyone"
    SIGNED_IN = "whoever is signed in"
    OWNER = "that user"
    OWNER_OR_ADMIN = "that user, admins"

    def __str__(self) -> str:
        """Return it in words."""
        return self.value


@dataclass(frozen=True, slots=True)
class Page:
    """A page, or its content as JSON; `template` is as replies name it."""

    template: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Moved:
    """A redirect, or in JSON where to go next, with what else there is to say."""

    next: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Content:
    """What is answered in JSON, whoever asks."""

    fields: Mapping[str, Any]


Outcome = Page | Moved | Content


class PyBossaHandler(DialectHandler):
    """The base of this dialect's handlers: body → CSRF → sign-in → person → permission → fields.

    Operations return an Outcome. `user` is who calls, `owner` whom the path names where access depends
    on that.
    """

    private: ClassVar[bool] = True  # answers depend on who asks, and are nobody else's to keep
    user: PyBossaUser | None = None
    owner: PyBossaUser
    browser: Browser

    def set_default_headers(self) -> None:
        """Keep answers out of caches."""
        super().set_default_headers()
        if self.private:
            origin = ", Origin" if self.services.settings.allowed_origins else ""
            self.set_header("Cache-Control", "no-store")
            self.set_header("Vary", f"Cookie, Authorization, Content-Type{origin}")

    # The way of a request

    async def perform(
        self, declared: Operation, method: Callable[..., Awaitable[Any]], path: Mapping[str, str]
    ) -> None:
        """Check a call, run it, send what comes of it."""
        inputs = await self.admit(declared)
        try:
            outcome = await method(**path, **inputs)
        except Departed:  # deleted since the call was let in
            raise NotFound from None
        if not self._finished:
            await self.send(outcome)

    async def admit(self, declared: Operation) -> Mapping[str, Any]:
        """Check a call in this dialect's order."""
        posted = self.request.method == "POST"
        sent = self.read_sent() if posted else {}
        inputs: dict[str, Any] = {}
        if posted and declared.body is not None:
            inputs["body"] = declared.body.model_validate(sent)
        self.browser = Browser(self)
        await self.browser.open()
        self.user = await self.find_by_key() or self.browser.user
        if posted and not self.browser.proves(sent.get("csrf_token")):
            raise Malformed(BAD_CSRF)
        await self._permit(declared.access or Access.EVERYONE)
        return {**inputs, **self.read_query(declared)}

    def read_sent(self) -> Mapping[str, Any]:
        """Read the body's fields, unchecked."""
        return read_sent(self.request.headers.get("Content-Type", ""), self.request.body)

    async def find_by_key(self) -> PyBossaUser | None:
        """Find whose API key came along; with one in the header, known or not, that of the query is none."""
        words = self.request.headers.get("Authorization", "").split()
        in_header = len(words) == 1 or (len(words) == 2 and words[0].lower() == SCHEME)
        key = words[-1] if in_header else self.get_query_argument("api_key", "")
        return await self.stores.pybossa.by_api_key(key) if 1 <= len(key) <= LONGEST_KEY else None

    async def _permit(self, access: Access) -> None:
        if access is Access.EVERYONE:
            return
        if self.user is None:
            await self.ask_to_sign_in()
        if access is Access.SIGNED_IN:
            return
        self.owner = await self.find_person(self.path_kwargs["name"])
        admin = access is Access.OWNER_OR_ADMIN and self.caller.admin
        if self.owner.oid != self.caller.oid and not admin:
            raise Denied

    @property
    def caller(self) -> PyBossaUser:
        """Return who calls; raises Denied where nobody is signed in."""
        if self.user is None:
            raise Denied
        return self.user

    async def find_person(self, name: str) -> PyBossaUser:
        """Find whom a user name belongs to; raises NotFound."""
        user = await self.stores.pybossa.by_name(name)
        if user is None:
            raise NotFound
        return user

    async def ask_to_sign_in(self) -> Never:
        """Send a stranger to sign in, programs as well."""
        self.browser.tell(PLEASE_SIGN_IN, "message")
        await self.browser.keep_messages()
        here = self.request.path + (f"?{self.request.query}" if self.request.query else "")
        self.redirect(f"{SIGN_IN}?next={quote(here, safe='')}")
        raise Finish

    # Answers

    @property
    def wants_json(self) -> bool:
        """Tell whether programs ask; Accept has no say."""
        kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return kind == JSON_TYPE or self.get_query_argument("response_format", "") == "json"

    async def send(self, outcome: Outcome) -> None:
        """Answer; whatever is shown shows the waiting messages, too."""
        if isinstance(outcome, Moved) and not self.wants_json:
            await self.browser.keep_messages()
            self.redirect(quote(outcome.next, safe="/%?#&=+,;:@!$'()*[]~"))
            return
        messages = await self.browser.take_messages()
        if self.wants_json or isinstance(outcome, Content):
            self.answer({**describe(outcome), **last(messages)})
        else:
            assert isinstance(outcome, Page)
            self.show(outcome, messages)

    def show(self, page: Page, messages: tuple[Message, ...]) -> None:
        """Send a page to be read by people."""
        shown = {name: value for name, value in page.fields.items() if name not in {"flash", "status"}}
        self.finish(self.render_page(page.template.lstrip("/"), messages=messages, **shown))

    def render_page(self, template: str, **values: Any) -> bytes:
        """Fill a template in; sets the headers of pages."""
        self.set_header("Content-Type", HTML)
        for name, value in PAGE_HEADERS.items():
            self.set_header(name, value)
        values = {"messages": (), "title": "", "caller": self.user, "profile_path": profile_path, **values}
        brand = self.services.settings.brand
        return open_pages(TEMPLATES).render(template, brand=brand, here=self.request.path, **values)

    def render_error(self, error: ApiError) -> bytes:
        """Say what is wrong, to programs or to people."""
        status = error.status if error.status in SENTENCES else 500
        reason = "" if isinstance(error, Unexpected) and not self.services.settings.debug else error.detail
        reason = reason or SENTENCES[status]
        if self.wants_json:
            self.set_header("Content-Type", JSON)
            body = {"code": error.status, "description": reason, "template": f"{status}.html"}
            return orjson.dumps(body)
        return self.render_page(f"{status}.html", reason=reason)

    def decode_argument(self, value: bytes, name: str | None = None) -> str:
        """Read a part of the path or query; bad UTF-8 is like any other name that nobody has."""
        return value.decode("utf-8", "replace")


class PyBossaNotFound(PyBossaHandler):
    """Answers the dialect's paths that do not exist, and bodies that are too large for those that do."""

    async def prepare(self) -> None:
        """Refuse everything but preflights; no body is too large where none is wanted."""
        route: Route | None = cast("Any", self.request).match.route
        methods = list_methods(route.handler) if route is not None else ()
        if self.request.method not in methods:
            self.refusal = None
        await super().prepare()
        if not self._finished:
            raise MethodNotAllowed(str(self.request.method), methods) if route is not None else NotFound


def list_methods(handler: type[RequestHandler]) -> tuple[str, ...]:
    """Return the methods that a class answers with more than a refusal; HEAD comes with GET."""
    refusal = DialectHandler.refuse_method
    return tuple(
        name for name in METHODS if getattr(handler, "get" if name == "HEAD" else name.lower()) is not refusal
    )


def is_own_path(path: str) -> bool:
    """Tell whether a path leads nowhere but to this host: browsers take two slashes for another one."""
    plain = all(sign.isprintable() or sign == " " for sign in path)
    return plain and path[:1] == "/" and path[1:2] not in {"/", "\\"}


def read_next(path: Any) -> str | None:
    """Return a path of this host; anything else counts as absent."""
    return path if isinstance(path, str) and is_own_path(path) else None


class NextQuery(BaseModel):
    """Where to go afterwards."""

    next: Annotated[str | None, BeforeValidator(read_next)] = None


def profile_path(user: PyBossaUser, rest: str = "") -> str:
    """Return the path of a person's page, or of one below it."""
    return f"/account/{quote(user.name, safe='')}/{rest}"


def describe(outcome: Outcome) -> dict[str, Any]:
    """Return what an outcome says to programs."""
    match outcome:
        case Page(template, fields):
            return {**fields, "template": template}
        case Moved(path, fields):
            return {"next": path, **fields}
        case Content(fields):
            return dict(fields)


def last(messages: tuple[Message, ...]) -> dict[str, Any]:
    """Return the last message as programs are told it."""
    return {"flash": messages[-1].text, "status": messages[-1].category} if messages else {}
