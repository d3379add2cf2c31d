"""The hub's WebSocket as a handler of this application."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, cast

from handlers.core.application import Folkmoot
from realtime.socket import SocketHandler


class LiveSocket(SocketHandler):
    """Takes hub, gate and allowed origins from the application."""

    def initialize(self, **_: Any) -> None:  # type: ignore[override]
        """Hand over what the socket works with."""
        services = self._folkmoot.services
        super().initialize(
            self._folkmoot.hub,
            self._folkmoot.gate.admit,
            services.addressing.lists_origin,
            services.settings.permessage_deflate,
        )

    def prepare(self) -> None:
        """Turn away other hosts' names: a page that has one pointed here would pass as its own origin."""
        if self._folkmoot.services.addressing.hosts.allows(self.request.host):
            super().prepare()
        else:
            self.set_status(400)
            self.finish("this server does not answer to that host name (ALLOWED_HOSTS)")

    def write_error(self, status_code: int, **_: Any) -> None:
        """Refuse every method but that of a handshake."""
        if status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            self.set_header("Allow", "GET")
        self.finish()

    def finish(self, chunk: str | bytes | dict[str, Any] | None = None) -> asyncio.Future[None]:
        """Say what is wrong with a handshake, in Tornado's words perhaps, as the paths beside do."""
        status = self.get_status()
        if status >= HTTPStatus.BAD_REQUEST:
            chunk = {"error": chunk or HTTPStatus(status).phrase.lower()}
        return super().finish(chunk)

    @property
    def _folkmoot(self) -> Folkmoot:
        return cast("Folkmoot", self.application)
