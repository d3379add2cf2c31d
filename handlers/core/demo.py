"""What only a demo has: people whose passwords are shown, and a box that keeps what would have been sent.

Passwords and mailed links lie open in it, so it is made for a server on a loopback address alone, and its
pages answer nobody who asks under another name or by way of a proxy.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

from tornado.httputil import HTTPServerRequest

from handlers.core.client import host_name, read_address
from handlers.core.mail import Letter, Transport, one_line, open_transport
from handlers.core.sms import SmsTransport, open_sms
from settings import Settings
from storage.demo_box import DemoBox, Parcel

if TYPE_CHECKING:
    from handlers.core.services import Services

CONSOLE = "console:"
BOX = "/demo/mail"
# Mailed links whose pages are an app's own elsewhere; a demo brings small pages for them.
LINKS: Mapping[str, str] = {
    "email_confirmation_link_template": "/demo/confirm-email?key={key}",
    "password_reset_link_template": "/demo/new-password?key={key}",
    "web_url": "/demo/new-password",
}
# What proxies and tunnels add: whoever is behind one may be anywhere.
PROXIED = (
    *("Forwarded", "Via", "X-Real-IP", "X-Client-IP", "X-Original-Host", "X-ProxyUser-IP"),
    *(f"X-Forwarded-{what}" for what in ("For", "Host", "Port", "Proto", "Server", "Scheme", "Prefix")),
    *("CF-Connecting-IP", "CF-Ray", "True-Client-IP", "Fly-Client-IP", "Fastly-Client-IP"),
)
OLDER = "HTTP/1.0"  # what nginx speaks unless it is told otherwise, and no browser


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody to sign in as; the credentials go by the names of dialects."""

    name: str
    email: str
    username: str
    password: str = field(repr=False)
    about: str
    superuser: bool
    credentials: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Demo:
    """The box, and who can be signed in as, with credentials that are good now."""

    box: DemoBox
    people: Callable[[Services], Awaitable[Sequence[DemoPerson]]]


class BoxTransport:
    """Puts mails into the box; the console hears that one came, and nothing that it says."""

    def __init__(self, box: DemoBox, console: TextIO | None = None) -> None:
        self._box = box
        self._console = console

    async def send(self, letter: Letter) -> None:
        """Keep a mail; raises ValueError when an address is none, as every way out does."""
        letter.message()
        mail = letter.mail
        subject = one_line(mail.subject)
        await self._box.put(
            Parcel(letter.number, "mail", mail.to, letter.date, subject, mail.text, mail.html)
        )
        tell(self._console, f"mail to {one_line(mail.to)}: {subject} (see {BOX})")


class SmsBox:
    """Puts text messages into the box."""

    def __init__(
        self, box: DemoBox, console: TextIO | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._box = box
        self._console = console
        self._clock = clock

    async def send(self, to: str, body: str) -> None:
        """Keep a message."""
        await self._box.put(Parcel(secrets.token_hex(16), "sms", to, self._clock(), text=body))
        tell(self._console, f"text message to {one_line(to)} (see {BOX})")


def tell(console: TextIO | None, line: str) -> None:
    """Write one line for people."""
    output = console or sys.stdout
    output.write(f"{line}\n")
    output.flush()


def choose_transport(settings: Settings, demo: Demo | None) -> Transport:
    """Return the way out for mails: the box of a demo where the console would have had them."""
    url = settings.email_url.get_secret_value()
    return BoxTransport(demo.box) if demo is not None and url == CONSOLE else open_transport(url)


def choose_sms(settings: Settings, demo: Demo | None) -> SmsTransport:
    """Return the way out for text messages, likewise."""
    url = settings.sms_url.get_secret_value()
    return SmsBox(demo.box) if demo is not None and url == CONSOLE else open_sms(url)


def lead_here(settings: Settings, own_url: str) -> Settings:
    """Return the settings with mailed links that lead to the demo's pages, but for those that are set."""
    free = LINKS.keys() - settings.model_fields_set
    return settings.model_copy(update={name: own_url + LINKS[name] for name in free})


def is_near(request: HTTPServerRequest) -> bool:
    """Tell whether a request was made on this machine, under one of its own names.

    A page elsewhere can point a name of its own here; behind a proxy anybody may be asking.
    """
    host = host_name(request.host)
    address = read_address(host)
    own = host == "localhost" or (address is not None and address.is_loopback)
    return own and request.version != OLDER and not any(name in request.headers for name in PROXIED)
