"""The hub's WebSocket as a handler of this application."""

from __future__ import annotations

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

    @property
    def _folkmoot(self) -> Folkmoot:
        return cast("Folkmoot", self.application)
