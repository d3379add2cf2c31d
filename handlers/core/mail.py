"""Mails: what one says, how it becomes a message, and the ways out (console, folder, SMTP server)."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Protocol, Self, TextIO
from urllib.parse import SplitResult, unquote, urlsplit

import aiosmtplib

from storage.jobs import NewJob

KIND = "mail"
SMTP_TIMEOUT = 20.0  # seconds for each step of the conversation
LONGEST_LINE = 998  # octets, RFC 5322 2.1.1
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
NAMED = re.compile(r"([^<>]*)<([^<>]+)>")
ADDRESS = re.compile(r"[^\s@\x00-\x1f\x7f-\x9f]+@[^\s@,;:<>()\[\]\"\\\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one recipient, finished: whoever sends it may have other settings."""

    to: str
    subject: str
    text: str
    sender: str
    html: str | None = None

    def job(self, clock: Callable[[], float] = time.time) -> NewJob:
        """Return the job that sends it, after the earlier ones to the same address."""
        return NewJob(KIND, Letter(self, secrets.token_hex(16), clock()).args(), order=self.to.lower())


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail on its way: its number and its date (Unix seconds) stay the same when it is sent again."""

    mail: Mail
    number: str
    date: float

    @classmethod
    def from_args(cls, args: Mapping[str, Any]) -> Self:
        """Read a job's arguments."""
        fields = dict(args)
        number, date = fields.pop("number"), fields.pop("date")
        return cls(Mail(**fields), number, date)

    def args(self) -> dict[str, Any]:
        """Return the job's arguments."""
        return {**asdict(self.mail), "number": self.number, "date": self.date}

    @property
    def moment(self) -> datetime:
        """Return the date as a time."""
        return datetime.fromtimestamp(self.date, UTC)

    def message(self) -> EmailMessage:
        """Build the message; raises ValueError when an address is none, or more than one."""
        sender, recipient = read_sender(self.mail.sender), read_recipient(self.mail.to)
        plain = self.mail.to.isascii() and sender.addr_spec.isascii()
        message = EmailMessage(policy=policy.SMTP if plain else policy.SMTPUTF8)
        message["From"] = sender
        message["To"] = recipient
        message["Subject"] = one_line(self.mail.subject)
        message["Date"] = format_datetime(self.moment)
        message["Message-ID"] = f"<{self.number}@{sender.domain}>"
        # Out-of-office answers to a machine help nobody.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(self.mail.text, cte=encoding(self.mail.text))
        if self.mail.html is not None:
            message.add_alternative(self.mail.html, subtype="html", cte=encoding(self.mail.html))
        return message


def usual_sender(email_from: str | None, base_url: str) -> str:
    """Return the From of mails: the setting's, else one made of the host that links lead to."""
    return email_from or f"Folkmoot <no-reply@{urlsplit(base_url).hostname}>"


def one_line(text: str) -> str:
    """Make each run of control characters, line ends above all, a blank: no header gets a second line."""
    return CONTROLS.sub(" ", text).strip()


def read_recipient(text: str) -> Address:
    """Read one bare address; an international domain becomes its ASCII form."""
    if not ADDRESS.fullmatch(text):
        raise ValueError("not one e-mail address")
    user, _, domain = text.rpartition("@")
    if not domain.isascii():
        domain = domain.encode("idna").decode("ascii")
    return Address("", user, domain)


def read_sender(text: str) -> Address:
    """Read `Name <name@host>`, or a bare address."""
    match = NAMED.fullmatch(one_line(text))
    if match is None:
        return read_recipient(text)
    bare = read_recipient(match[2])
    return Address(match[1].strip().strip('"'), bare.username, bare.domain)


def encoding(text: str) -> str:
    """Choose the transfer encoding: readable as it is wherever the line lengths allow it."""
    if any(len(line.encode()) > LONGEST_LINE for line in text.splitlines()):
        return "quoted-printable"
    return "7bit" if text.isascii() else "8bit"


class Transport(Protocol):
    """A way out for mails."""

    async def send(self, letter: Letter) -> None:
        """Send; raises when the mail was not taken, whatever the reason."""


class Console:
    """Prints mails for people to read."""

    def __init__(self, output: TextIO | None = None) -> None:
        self._output = output

    async def send(self, letter: Letter) -> None:
        """Print the whole mail in one piece."""
        output = self._output or sys.stdout
        output.write(describe(letter))
        output.flush()


def describe(letter: Letter) -> str:
    """Show a mail as text, without the control characters that a terminal would obey."""
    message, mail = letter.message(), letter.mail
    head = [f"{name}: {value}" for name, value in message.items() if not name.startswith(("MIME", "Content"))]
    parts = ["-" * 20 + " mail " + "-" * 20, *head, "", mail.text.rstrip("\n")]
    if mail.html is not None:
        parts += ["-" * 20 + " HTML " + "-" * 20, mail.html.rstrip("\n")]
    return UNPRINTABLE.sub("?", "\n".join([*parts, "-" * 46, ""]))


class Folder:
    """Writes each mail into a file of its own; sending it again writes the same file again."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def send(self, letter: Letter) -> None:
        """Write `<time>-<number>.eml`, whole or not at all."""
        name = f"{letter.moment:%Y%m%dT%H%M%S.%fZ}-{letter.number}.eml"
        await asyncio.to_thread(self._write, name, letter.message().as_bytes())

    def _write(self, name: str, content: bytes) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        draft = self.path / f".{name}.{secrets.token_hex(4)}"
        try:
            # Mails hold secret links: only the owner may read them.
            with open(draft, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.path / name)
        finally:
            draft.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Relay:
    """Hands mails to an SMTP server; one that offers STARTTLS is taken at its word."""

    host: str
    port: int
    user: str | None
    password: str | None
    tls: bool
    timeout: float = SMTP_TIMEOUT

    def __repr__(self) -> str:
        """Show everything but the credentials."""
        return f"Relay({self.host}:{self.port})"

    async def send(self, letter: Letter) -> None:
        """Send over a connection of its own."""
        message = letter.message()
        async with aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            username=self.user,
            password=self.password,
            use_tls=self.tls,
            timeout=self.timeout,
        ) as server:
            await server.send_message(message)


def open_transport(url: str, console: TextIO | None = None) -> Transport:
    """Choose the way out that an EMAIL_URL names; raises ValueError, which never repeats the URL.

    `console` is where `console:` prints; standard output when it is left out.
    """
    scheme, colon, rest = url.partition(":")
    if colon and scheme.lower() == "console" and not rest:
        return Console(console)
    if colon and scheme.lower() == "file":
        return Folder(read_folder(rest))
    if colon and scheme.lower() in ("smtp", "smtps"):
        return read_relay(url)
    raise ValueError("must be console:, file:FOLDER, smtp://[user:pass@]host:port or smtps://…")


def read_folder(rest: str) -> Path:
    """Read what follows `file:`: a path as it is, or percent-encoded behind `//`."""
    path = unquote(urlsplit("file:" + rest).path) if rest.startswith("///") else rest
    if not path or path.startswith("//") or "\0" in path:
        raise ValueError("must name a folder: file:FOLDER")
    return Path(path)


def read_relay(url: str) -> Relay:
    """Read an `smtp://` or `smtps://` URL; user and password are percent-decoded."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("has a wrong host or port") from None
    if not parts.hostname or not url.partition(":")[2].startswith("//"):
        raise ValueError("must name a mail server: smtp://host:port")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must end after the port")
    tls = parts.scheme == "smtps"
    user, password = read_credentials(parts)
    return Relay(parts.hostname, port or (465 if tls else 25), user, password, tls)


def read_credentials(parts: SplitResult) -> tuple[str | None, str | None]:
    """Read user and password: both, or none."""
    if parts.username is None:
        return None, None
    if not parts.username or parts.password is None:
        raise ValueError("needs user and password, or neither: smtp://user:pass@host:port")
    return unquote(parts.username), unquote(parts.password)


def deliver_by(transport: Transport) -> Callable[[Mapping[str, Any]], Awaitable[None]]:
    """Return the runner of mail jobs."""

    async def deliver(args: Mapping[str, Any]) -> None:
        await transport.send(Letter.from_args(args))

    return deliver
