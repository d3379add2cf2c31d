"""The hub's WebSocket as a handler of this application."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any, cast

import orjson

from handlers.core.application import Folkmoot
from handlers.core.handler import JSON
from handlers.core.services import Services
from realtime.socket import SocketHandler

METHODS = ("GET",)


class LiveSocket(SocketHandler):
    """The live hub by WebSocket, in the Centrifugo client protocol."""

    def initialize(self, **_: Any) -> None:  # type: ignore[override]
        """Hand over what the socket works with."""
        super().initialize(
            self._folkmoot.hub,
            self._folkmoot.gate.admit,
            self._services.addressing.lists_origin,
            self._services.settings.permessage_deflate,
        )

    def set_default_headers(self) -> None:
        """Name the request, and say which pages may read the answer."""
        request = cast("Any", self.request)
        if not hasattr(request, "id"):
            request.id = secrets.token_hex(8)
        self.set_header("X-Request-Id", request.id)
        self.clear_header("Server")
        for name, value in self._services.addressing.cross_origin(self.request).items():
            self.set_header(name, value)

    def prepare(self) -> None:
        """Turn away other hosts' names: a page that has one pointed here would pass as its own origin."""
        if not self._services.addressing.hosts.allows(self.request.host):
            self.set_status(400)
            self.finish("this server does not answer to that host name (ALLOWED_HOSTS)")
        elif self.request.method == "OPTIONS":
            self._preflight()
        else:
            super().prepare()

    def finish(self, chunk: str | bytes | dict[str, Any] | None = None) -> asyncio.Future[None]:
        """Send the answer; what refuses is put as everywhere on the site."""
        if self.get_status() >= 400:
            reason = str(chunk or self._reason).strip()
            self.set_header("Content-Type", JSON)
            chunk = orjson.dumps({"error": reason})
        return super().finish(chunk)

    def write_error(self, status_code: int, **_: Any) -> None:
        """Answer what Tornado refuses, or what nobody foresaw."""
        if status_code == 405:
            self.set_header("Allow", ", ".join(METHODS))
            self.finish(f"{self.request.method} is not allowed here")
        else:
            self.finish()

    def _preflight(self) -> None:
        promised = self._services.addressing.preflight(self.request, METHODS)
        if promised is None:
            self.send_error(405)
            return
        self.set_status(204)
        for name, value in promised.items():
            self.set_header(name, value)
        self.finish()

    @property
    def _services(self) -> Services:
        return self._folkmoot.services

    @property
    def _folkmoot(self) -> Folkmoot:
        return cast("Folkmoot", self.application)
