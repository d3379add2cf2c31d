"""The hub's WebSocket as a handler of this application."""

from __future__ import annotations

from typing import Any, cast

from handlers.core.application import Folkmoot
from realtime.socket import SocketHandler


class LiveSocket(SocketHandler):
    """Takes hub, gate and allowed origins from the application."""

    def initialize(self, **_: Any) -> None:
        """Hand over what the socket works with."""
        application = cast("Folkmoot", self.application)
        services = application.services
        super().initialize(
            application.hub,
            application.gate.admit,
            services.addressing.lists_origin,
            services.settings.permessage_deflate,
        )
