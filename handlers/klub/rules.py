"""The rules of Klub: who calls, who may, in which form answers go out, slashes at the end of paths."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar, TypeVar

from handlers.core.errors import ApiError, NotFound, OtherStatus
from handlers.core.handler import JSON, METHODS, DialectHandler
from handlers.core.operation import declared_operation, operation
from handlers.core.rest.handler import RestHandler
from handlers.klub.access import ANYONE, Access
from handlers.klub.browse import READING, Form, negotiate, render_page
from handlers.klub.callers import ANONYMOUS, SAFE, Caller, Callers
from handlers.klub.paging import Listing, Page, PageQuery, Place, read_page
from storage.klub.grants import NO_STANDING, Standing

EMPTY = b""  # what an operation returns whose answer has no body at all

T = TypeVar("T")


class KlubHandler(RestHandler):
    """The base of this dialect's handlers.

    Every operation declares its `access`; a method without one is checked with the class's, which is that
    of its first operation. `identifies` False leaves Authorization headers alone, `negotiates` False
    does so with Accept: answers are what they are. Where it depends on the object whether the caller may
    write, `manages` is False until that is known.
    """

    identifies: ClassVar[bool] = True
    negotiates: ClassVar[bool] = True
    json_type: str = JSON
    caller: Caller = ANONYMOUS
    standing: Standing = NO_STANDING
    manages: bool = True

    async def prepare(self) -> None:
        """Send readers to where a slash was forgotten; then check everything but the body."""
        if not self.lacks_slash() or self.request.method not in {"GET", "HEAD"}:
            await super().prepare()
            return
        await DialectHandler.prepare(self)
        query = f"?{self.request.query}" if self.request.query else ""
        self.redirect(self.request.path + "/" + query, permanent=True)

    def lacks_slash(self) -> bool:
        """Tell whether the path was found although its last slash is missing."""
        match = getattr(self.request, "match", None)
        route = match.route if match is not None else None
        return route is not None and route.path.endswith("/") and not self.request.path.endswith("/")

    async def authenticate(self) -> None:
        """Find out who calls, and what they are allowed."""
        self.choose_form()
        if not self.identifies:
            return
        self.caller = await Callers(self.services, self.client).identify(self.request)
        self.member = self.caller.member
        if self.member is not None:
            self.standing = await self.stores.grants.standing(self.member)

    def permit(self) -> None:
        """Check who may call."""
        method = str(self.request.method)
        access = access_of(type(self), method)
        if not access.allows(self.caller, self.standing, writing=method not in SAFE):
            raise access.refuse(self.caller)

    async def locate(self) -> None:
        """Find the object that the path names, unless only the methods were asked for."""
        if self.request.method != "OPTIONS":
            await super().locate()

    async def paginate(self, listing: Listing[T], query: PageQuery) -> Page[T]:
        """Return the page of a list that was asked for."""
        place = Place(self.base_url + self.request.path, self.request.query)
        return await read_page(listing, query, place)

    @operation(access=ANYONE)
    async def options(self) -> Mapping[str, Any]:
        """Say what there is."""
        self.set_header("Allow", ", ".join(self.allowed_methods()))
        first = next((each for each in map(self._declared, METHODS) if each is not None), None)
        return {"name": type(self).__name__.removesuffix("Handler"), "description": first and first.summary}

    def _declared(self, method: str) -> Any:
        return declared_operation(type(self), method)

    def allowed_methods(self) -> tuple[str, ...]:
        """Return the methods that have an operation; OPTIONS always has one."""
        return (*super().allowed_methods(), "OPTIONS")

    def answer(self, value: Any, status: int = 200) -> None:
        """Send a value, or no body at all."""
        self.set_status(status)
        if status == 204:
            self.finish()
        else:
            self.finish(self.dress(EMPTY if value is EMPTY else self.encode(value)))

    def render_error(self, error: ApiError) -> bytes:
        """Write the reasons by field, one sentence, or nothing."""
        body = EMPTY if getattr(error, "body", None) is EMPTY else super().render_error(error)
        return self.dress(body)

    def choose_form(self) -> Form:
        """Choose the form of the answer; raises OtherStatus where none is acceptable."""
        if not self.negotiates:
            return Form.JSON
        accept = self.request.headers.get("Accept", "")
        reading = self.request.method in READING
        return negotiate(self.get_query_argument("format", ""), accept, reading=reading)

    def dress(self, body: bytes) -> bytes:
        """Put an answer into the form that was asked for, and name its type."""
        if self.negotiates:
            self.add_header("Vary", "Accept")
        with suppress(OtherStatus):
            if self.choose_form() is Form.PAGE:
                return render_page(self, body)
        if body:
            self.set_header("Content-Type", self.json_type)
        else:
            self.clear_header("Content-Type")
        return body


class KlubNotFound(KlubHandler):
    """Answers the dialect's paths that do not exist."""

    async def prepare(self) -> None:
        """Refuse everything but preflights."""
        await DialectHandler.prepare(self)
        if not self._finished:
            raise NotFound


def access_of(handler: type[KlubHandler], method: str) -> Access:
    """Return who may call a method of a handler; where it has none, who may call the first that it has."""
    wanted = "GET" if method == "HEAD" else method
    for name in (wanted, *METHODS):
        if (declared := declared_operation(handler, name)) is not None:
            access = declared.access
            assert isinstance(access, Access), f"{handler.__name__}.{name.lower()} declares no access"
            return access
    return ANYONE
