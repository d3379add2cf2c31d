"""Short messages: the ways out (console, an HTTP gateway)."""

from __future__ import annotations

import logging
import sys
from typing import Protocol, TextIO

import orjson
from tornado.httpclient import AsyncHTTPClient, HTTPError, HTTPRequest

from handlers.core.errors import ApiError

CONNECT_TIMEOUT = 5.0  # seconds
TIMEOUT = 10.0  # seconds for the whole request; somebody waits for the answer
LARGEST_ANSWER = 65_536  # bytes; nothing of it is read but the status

log = logging.getLogger(__name__)


class NotSent(ApiError):
    """The gateway did not take a message."""

    status = 502


class SmsTransport(Protocol):
    """A way out for short messages."""

    async def send(self, to: str, body: str) -> None:
        """Send; raises NotSent when the message was not taken, whatever the reason."""


class SmsConsole:
    """Prints short messages for people to read."""

    def __init__(self, output: TextIO | None = None) -> None:
        self._output = output

    async def send(self, to: str, body: str) -> None:
        """Print the message in one piece."""
        output = self._output or sys.stdout
        output.write(f"{'-' * 20} SMS {'-' * 20}\nTo: {to}\n\n{body}\n{'-' * 45}\n")
        output.flush()


class SmsGateway:
    """Hands short messages to an HTTP service: a POST of `{"to", "body"}`, taken when the answer is 2xx."""

    def __init__(self, url: str, timeout: float = TIMEOUT) -> None:
        self._url = url
        self._timeout = timeout

    async def send(self, to: str, body: str) -> None:
        """Send over a connection of its own; a redirect is a refusal, since the message holds a secret."""
        request = HTTPRequest(
            self._url,
            "POST",
            {"Content-Type": "application/json"},
            orjson.dumps({"to": to, "body": body}),
            connect_timeout=min(CONNECT_TIMEOUT, self._timeout),
            request_timeout=self._timeout,
            follow_redirects=False,
        )
        client = AsyncHTTPClient(force_instance=True, max_body_size=LARGEST_ANSWER)
        try:
            await client.fetch(request)
        except (HTTPError, OSError) as error:
            # Neither the URL, which may hold a password, nor the message belongs into the log.
            log.warning("the SMS gateway took nothing: %s", describe(error))
            raise NotSent("the SMS gateway does not take messages now; try again later") from None
        finally:
            client.close()


def describe(error: HTTPError | OSError) -> str:
    """Say why in a few words."""
    return f"status {error.code}" if isinstance(error, HTTPError) else type(error).__name__


def open_sms(url: str, console: TextIO | None = None) -> SmsTransport:
    """Choose the way out that SMS_URL names, as the settings have checked it."""
    return SmsConsole(console) if url == "console:" else SmsGateway(url)
