"""Mails: the message, and each way out of the house."""

from __future__ import annotations

import asyncio
import email
import io
import os
import socket
import stat
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from hypothesis import given
from hypothesis import strategies as st

from handlers.core.mail import KIND, Console, Folder, Letter, Mail, Relay, deliver_by, open_transport

LINK = "http://localhost:8888/static/html/member_details.html?s=" + "0123456789" * 4
MAIL = Mail("Ann@Example.com", "Your link", f"Hello Ann,\n\n{LINK}\n", "Folkmoot <no-reply@folk.example>")


def letter(**changes: Any) -> Letter:
    return Letter(Mail(**{**MAIL_FIELDS, **changes}), "abc123", 1_700_000_000.25)


MAIL_FIELDS = {"to": MAIL.to, "subject": MAIL.subject, "text": MAIL.text, "sender": MAIL.sender}


def parse(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_message_has_the_headers_of_one_mail_to_one_person() -> None:
    message = parse(letter().message().as_bytes())
    assert message["To"] == "Ann@Example.com"
    assert message["From"] == "Folkmoot <no-reply@folk.example>"
    assert message["Message-ID"] == "<abc123@folk.example>"
    assert message["Date"].datetime.timestamp() == 1_700_000_000
    assert message.get_content_type() == "text/plain"
    assert LINK in message.get_content().splitlines()


def test_a_message_with_html_has_both_parts_text_first() -> None:
    message = parse(letter(text="Grüße\n", html="<p>Grüße</p>").message().as_bytes())
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert [part.get_content().strip() for part in message.iter_parts()] == ["Grüße", "<p>Grüße</p>"]
    assert [part.get_content_charset() for part in message.iter_parts()] == ["utf-8", "utf-8"]


def test_a_link_stays_readable_in_the_raw_message() -> None:
    assert LINK.encode() in letter(text=f"Grüße, hier:\n{LINK}\n").message().as_bytes().splitlines()


def test_a_very_long_line_is_folded_and_comes_back_whole() -> None:
    content = letter(text="ü" * 3000 + "\n").message().as_bytes()
    assert max(map(len, content.splitlines())) <= 998
    assert parse(content).get_content().strip() == "ü" * 3000


@given(st.text(max_size=60))
def test_no_subject_can_add_a_header_or_break_the_mail(text: str) -> None:
    subject = "".join(char for char in text if not 0xD800 <= ord(char) < 0xE000) + "\r\nBcc: eve@evil.example"
    content = letter(subject=subject).message().as_bytes()
    message = parse(content)
    assert message["Bcc"] is None
    assert message["To"] == "Ann@Example.com"
    assert message.get_content().splitlines() == MAIL.text.splitlines()


@pytest.mark.parametrize(
    "to",
    [
        "",
        "ann",
        "a@x.org,b@y.org",
        "a@x.org\r\nBcc: b@y.org",
        "a@x.org, b@y.org",
        "a@x.org;b.org",
        "a@@x.org",
        "a@x.org\0",
    ],
)
def test_what_is_not_one_address_is_refused(to: str) -> None:
    with pytest.raises(ValueError, match="not one e-mail address"):
        letter(to=to).message()


@pytest.mark.parametrize("to", ["o'neil+tag@x.org", "a,b@x.org", "üser@x.org", "a<b@x.org", '"@x.org'])
def test_odd_but_single_addresses_stay_one_recipient(to: str) -> None:
    message = letter(to=to).message()
    assert [f"{each.username}@{each.domain}" for each in message["To"].addresses] == [to]
    if to.isascii():
        parsed = parse(message.as_bytes())["To"].addresses
        assert [f"{each.username}@{each.domain}" for each in parsed] == [to]
    else:
        assert f"To: {to}".encode() in message.as_bytes().splitlines()


def test_an_international_domain_becomes_ascii() -> None:
    assert letter(to="ann@münchen.example").message()["To"] == "ann@xn--mnchen-3ya.example"


def test_a_job_holds_the_finished_mail_and_keeps_the_order_of_its_address() -> None:
    job = Mail(**MAIL_FIELDS, html="<p>").job(clock=lambda: 12.5)
    assert (job.kind, job.order) == (KIND, "ann@example.com")
    back = Letter.from_args(job.args)
    assert (back.mail, back.date) == (Mail(**MAIL_FIELDS, html="<p>"), 12.5)
    assert back.number != Letter.from_args(MAIL.job().args).number
    assert "example" not in repr(job).replace("'ann@example.com'", "")


async def test_the_console_shows_the_whole_mail_without_terminal_codes() -> None:
    output = io.StringIO()
    await Console(output).send(letter(subject="Grüße", text=f"\x1b[31mred\n{LINK}\n", html="<p>hi</p>"))
    shown = output.getvalue()
    assert "Subject: Grüße\n" in shown
    assert "To: Ann@Example.com\n" in shown
    assert f"\n{LINK}\n" in shown
    assert "<p>hi</p>" in shown
    assert "\x1b" not in shown


async def test_the_console_is_standard_output_unless_told_otherwise(capsys: Any) -> None:
    await open_transport("console:").send(letter())
    assert LINK in capsys.readouterr().out


async def test_a_folder_gets_one_file_a_mail_in_the_order_of_time(tmp_path: Path) -> None:
    transport = open_transport(f"file:{tmp_path / 'out' / 'mail'}")
    for number in (2, 1, 3):
        await transport.send(Letter(MAIL, f"n{number}", 1_700_000_000 + number / 1000))
    files = sorted((tmp_path / "out" / "mail").iterdir())
    assert [file.name.partition("-")[2] for file in files] == ["n1.eml", "n2.eml", "n3.eml"]
    assert parse(files[0].read_bytes())["Subject"] == "Your link"
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600


async def test_a_mail_sent_twice_is_one_file(tmp_path: Path) -> None:
    run = deliver_by(Folder(tmp_path))
    args = MAIL.job().args
    await asyncio.gather(run(args), run(args))
    assert len(os.listdir(tmp_path)) == 1


async def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(OSError, match="taken"):
        await Folder(tmp_path / "taken").send(letter())


class Inbox:
    """An SMTP server that keeps what it gets and knows one user."""

    def __init__(self, reply: str = "250 OK", **options: Any) -> None:
        self.envelopes: list[Envelope] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.reply = reply
        # Port 0 can't be used: the controller connects to the port that it was given.
        self.controller = Controller(
            self, "127.0.0.1", free_port(), authenticator=self.authenticate, auth_require_tls=False, **options
        )

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        return self.reply

    def authenticate(self, server: Any, session: Any, envelope: Any, way: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"p@ss:word", handled=False)

    @property
    def url(self) -> str:
        return f"127.0.0.1:{self.controller.port}"


def free_port() -> int:
    for port in range(23100, 23400):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    inbox = Inbox()
    inbox.controller.start()
    yield inbox
    inbox.controller.stop()


async def test_an_smtp_server_gets_the_mail_for_its_one_recipient(inbox: Inbox) -> None:
    await open_transport(f"smtp://{inbox.url}").send(letter(text=f"Grüße\n{LINK}\n"))
    [envelope] = inbox.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@folk.example", ["Ann@Example.com"])
    assert isinstance(envelope.content, bytes)
    assert parse(envelope.content).get_content().splitlines() == ["Grüße", LINK]


async def test_an_odd_address_is_one_recipient_for_the_server_too(inbox: Inbox) -> None:
    await open_transport(f"smtp://{inbox.url}").send(letter(to="a,b@x.org"))
    assert [len(envelope.rcpt_tos) for envelope in inbox.envelopes] == [1]


async def test_credentials_are_percent_decoded(inbox: Inbox) -> None:
    await open_transport(f"smtp://us%40er:p%40ss%3Aword@{inbox.url}").send(letter())
    assert inbox.logins == [(b"us@er", b"p@ss:word")]
    assert len(inbox.envelopes) == 1


async def test_wrong_credentials_send_nothing(inbox: Inbox) -> None:
    with pytest.raises(Exception, match="535"):
        await open_transport(f"smtp://user:wrong@{inbox.url}").send(letter())
    assert inbox.envelopes == []


async def test_a_refused_mail_is_an_error(inbox: Inbox) -> None:
    inbox.reply = "554 no thanks"
    with pytest.raises(Exception, match="no thanks"):
        await open_transport(f"smtp://{inbox.url}").send(letter())


async def test_a_silent_server_is_given_up() -> None:
    writers: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: writers.append(writer), "127.0.0.1", free_port())
    async with silent:
        port = silent.sockets[0].getsockname()[1]
        with pytest.raises(Exception, match=r"(?i)timed out"):
            await Relay("127.0.0.1", port, None, None, tls=False, timeout=0.2).send(letter())
        for writer in writers:
            writer.close()
            await writer.wait_closed()


def test_a_relay_never_shows_its_password() -> None:
    transport = open_transport("smtps://user:hush@mail.example")
    assert transport == Relay("mail.example", 465, "user", "hush", tls=True)
    assert "hush" not in repr(transport)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:mails", "mails"),
        ("file:/srv/a b", "/srv/a b"),
        ("file:///srv/a%20b", "/srv/a b"),
        ("FILE:50%25", "50%25"),
    ],
)
def test_a_folder_may_be_named_as_path_or_url(url: str, path: str) -> None:
    transport = open_transport(url)
    assert isinstance(transport, Folder)
    assert transport.path == Path(path)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "console",
        "console:x",
        "file:",
        "file://host/x",
        "smtp:",
        "smtp://",
        "smtp:mail.example",
        "smtp://mail.example:99999",
        "smtp://mail.example:x",
        "smtp://hush@mail.example",
        "smtp://:hush@mail.example",
        "smtp://mail.example/hush",
        "smtp://mail.example?hush",
        "http://user:hush@mail.example",
        "smtp://[::1",
    ],
)
def test_a_wrong_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"^(must|has|needs) ") as caught:
        open_transport(url)
    assert "hush" not in str(caught.value)
