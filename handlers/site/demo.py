"""The pages of a demo: its people with their passwords, and the box of what would have been sent.

They answer on this machine alone, and to no page of another origin; outside of a demo there are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from handlers.core.demo import Demo, DemoPerson, is_near
from handlers.core.dialect import Route
from handlers.core.errors import ApiError, NotFound
from handlers.core.operation import operation
from handlers.core.pages import CSP, HTML
from handlers.site.rules import SiteHandler
from storage.demo_box import Kind, Parcel
from storage.errors import NotFound as NotStored

# A mail's own page runs nothing and loads nothing; its links open beside the box.
SANDBOX = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
FRAMING = f"{CSP}; frame-src 'self'"
LINK = re.compile(r"(?:https?|fluxapp)://[^\s<>\"']+")
CODE = re.compile(r"\b[0-9]{4,10}\b")
APP_LINK = "fluxapp://sign_in/magic_link/"
HEAD = (
    b'<!doctype html><meta charset="utf-8"><base target="_blank">'
    b"<style>body{overflow-wrap:anywhere;font:1rem/1.5 system-ui,sans-serif}</style>"
)


@dataclass(frozen=True, slots=True)
class DemoPeople:
    """Who can be signed in as: the superuser first, then an organizer of events."""

    people: Sequence[DemoPerson]


@dataclass(frozen=True, slots=True)
class Head:
    """What a list shows of a message; `sent` is in Unix seconds."""

    number: str
    kind: Kind
    to: str
    subject: str
    sent: float

    @classmethod
    def of(cls, parcel: Parcel) -> Self:
        """Describe a message of the box."""
        subject = parcel.subject or "Text message"
        return cls(parcel.number, parcel.kind, parcel.to, subject, parcel.sent)


@dataclass(frozen=True, slots=True)
class Listing:
    """The messages in the box, the newest first."""

    messages: Sequence[Head]


@dataclass(frozen=True, slots=True)
class Message(Head):
    """A message with its text in parts: `text` alone, `text` with its `link`, or a `code`."""

    parts: Sequence[Mapping[str, str]]
    has_page: bool


class DemoHandler(SiteHandler):
    """Something that only a demo has."""

    access = "whoever sits at the machine that runs a demo"

    async def prepare(self) -> None:
        """Refuse whoever is not on this machine, as if there were nothing."""
        await super().prepare()
        if self._finished:
            return
        if self.services.demo is None or not is_near(self.request):
            raise NotFound
        self.set_header("Cache-Control", "no-store")
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")

    def cross_origin(self) -> Mapping[str, str]:
        """Let no other origin read, not even a listed one."""
        return {}

    def preflight(self) -> bool:
        """Promise nothing to other origins."""
        return False

    @property
    def demo(self) -> Demo:
        """Return what the demo has."""
        assert self.services.demo is not None
        return self.services.demo


class PeopleHandler(DemoHandler):
    """Who can be signed in as."""

    @operation(returns=DemoPeople)
    async def get(self) -> DemoPeople:
        """Return the named people with passwords and credentials."""
        return DemoPeople(await self.demo.people(self.services))


class DemoPageHandler(DemoHandler):
    """A page of the demo."""

    def initialize(self, refusal: ApiError | None = None, *, page: str = "", **options: Any) -> None:
        """Take the page's file name."""
        super().initialize(refusal, **options)
        self.page = page

    @operation()
    async def get(self) -> None:
        """Return the page; it may show what this server frames."""
        body = self.render_page(self.page)
        self.set_header("Content-Security-Policy", FRAMING)
        self.finish(body)


class BoxHandler(DemoHandler):
    """What came into the box."""

    @operation(returns=Listing)
    async def get(self) -> Listing:
        """List the messages, the newest first, without what they say."""
        return Listing([Head.of(each) for each in await self.demo.box.newest()])

    @operation(status=204)
    async def delete(self) -> None:
        """Throw all messages away."""
        await self.demo.box.clear()


class MessageHandler(DemoHandler):
    """One message."""

    async def find(self, number: str) -> Parcel:
        """Find the message; raises NotFound."""
        try:
            return await self.demo.box.find(number)
        except NotStored:
            raise NotFound from None

    @operation(returns=Message)
    async def get(self, number: str) -> Message:
        """Return the message; its text in parts, links and codes apart."""
        found = await self.find(number)
        pattern = CODE if found.kind == "sms" else LINK
        head = asdict(Head.of(found))
        return Message(**head, parts=list(split(found.text, pattern)), has_page=found.html is not None)


class MailPageHandler(MessageHandler):
    """The page that a mail brings along."""

    @operation()
    async def get(self, number: str) -> None:
        """Return the page, shut into a sandbox."""
        found = await self.find(number)
        if found.html is None:
            raise NotFound
        self.set_header("Content-Type", HTML)
        self.set_header("Content-Security-Policy", SANDBOX)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "no-referrer")
        self.finish(HEAD + found.html.encode("utf-8", "replace"))


def split(text: str, pattern: re.Pattern[str]) -> Iterator[Mapping[str, str]]:
    """Cut a text into parts: plain ones, links with where they lead here, codes."""
    end = 0
    for found in pattern.finditer(text):
        shown = found[0].rstrip(".,;:!?)")
        if found.start() > end:
            yield {"text": text[end : found.start()]}
        yield {"code": shown} if pattern is CODE else {"text": shown, "link": lead(shown)}
        end = found.start() + len(shown)
    if end < len(text):
        yield {"text": text[end:]}


def lead(link: str) -> str:
    """Return where a link leads in a demo: those of the app to a page, since there is no app."""
    return f"/demo/app-sign-in?t={link.removeprefix(APP_LINK)}" if link.startswith(APP_LINK) else link


ROUTES = (
    Route("/demo/people.json", PeopleHandler),
    Route("/demo/mail", DemoPageHandler, {"page": "demo_mail.html"}),
    Route("/demo/mail.json", BoxHandler),
    Route("/demo/mail/{number}", MessageHandler),
    Route("/demo/mail/{number}/page", MailPageHandler),
    Route("/demo/confirm-email", DemoPageHandler, {"page": "demo_confirm.html"}),
    Route("/demo/new-password", DemoPageHandler, {"page": "demo_password.html"}),
    Route("/demo/app-sign-in", DemoPageHandler, {"page": "demo_app.html"}),
)
