"""What a server talks to besides its database: mail, text messages, and its own port."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import aiosmtplib

from handlers.core.mail import Folder, Relay, open_transport
from scripts.doctor.finding import Finding, broken, doubtful, fine
from scripts.doctor.machine import existing
from settings import Settings

PATIENCE = 5.0  # seconds for each thing
LARGEST = 65_536  # bytes of an answer


async def check_mail(settings: Settings) -> Finding:
    """Say good day to the mail server, and no more; no mail is sent."""
    try:
        transport = open_transport(settings.email_url.get_secret_value())
    except ValueError as error:
        mend = "EMAIL_URL=smtp://user:password@mail.example.org:587  # in .env"
        return broken("mail", f"EMAIL_URL {error}", mend)
    if isinstance(transport, Relay):
        return await check_relay(transport)
    if isinstance(transport, Folder):
        return check_mail_folder(transport.path)
    if settings.mongodb_uri is not None:
        mend = "EMAIL_URL=smtp://user:password@mail.example.org:587  # in .env"
        return doubtful("mail", "mails are printed on the console: nobody gets any", mend)
    return fine("mail", "printed on the console (a demo keeps them at /demo/mail)")


async def check_relay(relay: Relay) -> Finding:
    """Connect, greet, sign in."""
    where = f"{relay.host}:{relay.port}"
    try:
        async with asyncio.timeout(2 * PATIENCE):
            async with aiosmtplib.SMTP(
                hostname=relay.host,
                port=relay.port,
                username=relay.user,
                password=relay.password,
                use_tls=relay.tls,
                timeout=PATIENCE,
            ):
                return fine("mail", f"{where} answers{' and lets us in' if relay.user else ''}")
    except aiosmtplib.SMTPAuthenticationError as error:
        found = f"{where} refuses the user and password: {error.code}"
        return broken("mail", found, "EMAIL_URL=smtp://user:password@host:port  # in .env, percent-encoded")
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        found = f"{where} cannot be used: {describe(error)}"
        return broken("mail", found, f"nc -vz {relay.host} {relay.port}  # then correct EMAIL_URL in .env")


def check_mail_folder(folder: Path) -> Finding:
    """Look whether mails can be written."""
    place = existing(folder)
    if place.is_dir() and os.access(place, os.W_OK | os.X_OK):
        return fine("mail", f"written into {folder}")
    return broken("mail", f"{folder} cannot be written", f"mkdir -p {folder} && chmod u+rwx {folder}")


async def check_sms(settings: Settings) -> Finding:
    """Open a connection to the gateway for text messages, and no more."""
    url = settings.sms_url.get_secret_value()
    if url == "console:":
        if settings.mongodb_uri is None:
            return fine("text messages", "printed on the console (a demo keeps them at /demo/mail)")
        mend = "SMS_URL=https://gateway.example.org/send  # in .env"
        return doubtful("text messages", "printed on the console: nobody gets any", mend)
    parts = urlsplit(url)
    host, port = str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with connect(host, port):
            pass
    except (OSError, TimeoutError) as error:
        found = f"{host}:{port} cannot be reached: {describe(error)}"
        return broken("text messages", found, f"nc -vz {host} {port}  # then correct SMS_URL in .env")
    return fine("text messages", f"{host}:{port} answers")


async def check_port(port: int) -> Finding:
    """Look whether the port is free, or a Folkmoot has it."""
    try:
        answer = await ask_health(port)
    except (OSError, TimeoutError):
        return fine("port", f"{port} is free")
    if answer == {"status": "ok"}:
        return fine("port", f"a Folkmoot serves at {port}")
    if answer is not None and "status" in answer:
        found = f"a Folkmoot serves at {port}, but: {answer['status']}"
        return broken(
            "port", found, ".venv/bin/python -m scripts.doctor  # the database is the place to look"
        )
    found = f"{port} belongs to another program"
    return doubtful("port", found, f"./scripts/serve --port {port + 1}  # or end what `ss -ltnp` shows")


async def ask_health(port: int) -> dict[str, object] | None:
    """Ask whoever listens how they are; None is an answer of another kind; raises OSError, TimeoutError."""
    async with connect("127.0.0.1", port) as (reader, writer):
        try:
            async with asyncio.timeout(PATIENCE):
                writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                await writer.drain()
                _, _, body = (await reader.read(LARGEST)).partition(b"\r\n\r\n")
                found = json.loads(body)
        except (OSError, TimeoutError, ValueError):
            return None
    return found if isinstance(found, dict) else None


@asynccontextmanager
async def connect(host: str, port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a connection and close it again; raises OSError, TimeoutError."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection(host, port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def describe(error: Exception) -> str:
    """Say why in a few words."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or type(error).__name__
