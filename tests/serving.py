"""Running the server for tests, in this process or in one of its own, and a small client of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
from pydantic import SecretStr
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders
from tornado.netutil import bind_sockets

from handlers.core.application import Folkmoot
from handlers.core.demo import Demo
from handlers.core.setting_values import RateLimit
from server import background, build
from settings import Settings
from storage.stores import Stores

ROOT = Path(__file__).parent.parent
READY = re.compile(r"listening on (\S+)")


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: HTTPHeaders
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body's JSON value."""
        return orjson.loads(self.body)

    @property
    def text(self) -> str:
        """Return the body as text."""
        return self.body.decode()


class Api:
    """Calls one server; never follows redirects, never raises for a status."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = AsyncHTTPClient(force_instance=True, max_clients=200)

    async def call(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request."""
        request = HTTPRequest(
            self.url + path,
            method,
            headers=HTTPHeaders(headers or {}),
            body=body,
            allow_nonstandard_methods=True,
            follow_redirects=False,
            request_timeout=20,
            decompress_response=False,
        )
        try:
            response = await self._client.fetch(request, raise_error=False)
        except (HTTPClientError, OSError) as error:  # Tornado's 599: no answer at all
            raise ConnectionError(str(error)) from error
        return Answer(response.code, response.headers, response.body or b"")

    async def get(self, path: str, **headers: str) -> Answer:
        """Send a GET; header names are given with underscores."""
        return await self.call("GET", path, headers=_headers(headers))

    async def post(self, path: str, value: Any = None, **headers: str) -> Answer:
        """Send a value as JSON."""
        return await self.call("POST", path, orjson.dumps(value), headers=_headers(headers))

    async def register(self, email: str, **fields: Any) -> dict[str, Any]:
        """Sign a member up and return the member's object."""
        answer = await self.post("/api/v0/register/initial_email", {"email": email, **fields})
        assert answer.status == 200, answer.text
        member: dict[str, Any] = answer.json
        return member

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _headers(names: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in names.items()}


@dataclass(frozen=True)
class Served:
    """A server that runs in this process."""

    url: str
    api: Api
    application: Folkmoot
    settings: Settings
    log: StringIO

    @property
    def stores(self) -> Stores:
        """Return the server's stores."""
        return self.application.services.stores

    @property
    def socket_url(self) -> str:
        """Return where live clients connect."""
        return self.url.replace("http", "ws", 1) + "/connection/websocket"


@asynccontextmanager
async def serve_here(settings: Settings, stores: Stores, demo: Demo | None = None) -> AsyncIterator[Served]:
    """Run the server in this process, on a free port."""
    log = StringIO()
    sockets = bind_sockets(0, "127.0.0.1")
    port = sockets[0].getsockname()[1]
    parts = build(settings, stores, "127.0.0.1", port, log, demo=demo)
    application = parts.application
    url = f"http://127.0.0.1:{port}"
    server = HTTPServer(application, max_body_size=1 << 40)
    api = Api(url)
    async with background(parts):
        server.add_sockets(sockets)
        yield Served(url, api, application, settings, log)
        api.close()
        server.stop()
        await application.hub.shutdown()
        await server.close_all_connections()


class ServerProcess:
    """A server in a process of its own."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log
        self.url = ""

    @classmethod
    def start(
        cls, settings: Settings, log: Path, flags: Sequence[str], environment: Mapping[str, str]
    ) -> ServerProcess:
        """Start `server.py` and wait until it listens."""
        program = environment.get("PROGRAM", "server.py")
        with open(log, "wb") as output:
            process = subprocess.Popen(
                [sys.executable, program, "--port", "0", *flags],
                cwd=ROOT,
                env={**os.environ, **as_environment(settings), **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        served = cls(process, log)
        try:
            served.url = served.wait_for(READY)
        except AssertionError:
            served.end()
            raise
        return served

    def wait_for(self, pattern: re.Pattern[str], seconds: float = 60) -> str:
        """Wait for a line of the log; return its first group."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if (found := pattern.search(self.log.read_text(errors="replace"))) is not None:
                return found[1]
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"no {pattern.pattern!r} in the log:\n{self.log.read_text(errors='replace')}")

    @property
    def socket_url(self) -> str:
        """Return where live clients connect."""
        return self.url.replace("http", "ws", 1) + "/connection/websocket"

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to stop; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)

    def end(self) -> None:
        """Make sure that it is gone."""
        if self.process.poll() is None:
            self.kill()


def as_environment(settings: Settings) -> dict[str, str]:
    """Return settings as environment variables."""
    values: dict[str, str] = {}
    for name in settings.model_fields_set:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        elif isinstance(value, RateLimit):
            value = f"{value.calls}/{value.seconds}"
        elif isinstance(value, tuple):
            value = ",".join(map(str, value))
        values[name.upper()] = str(value)
    return values
