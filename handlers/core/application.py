"""The Tornado application: routes of all dialects over one set of services, logged and counted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.web import Application, RequestHandler

from handlers.core.access_log import AccessLog
from handlers.core.dialect import Dialect
from handlers.core.gate import Gate
from handlers.core.metrics import Metrics
from handlers.core.routing import DialectRouter, Match, Table
from handlers.core.services import Services
from realtime.hub import Hub

KNOWN = RequestHandler.SUPPORTED_METHODS


class Folkmoot(Application):
    """Serves the dialects."""

    def __init__(
        self,
        services: Services,
        *,
        gate: Gate,
        hub: Hub,
        dialects: Iterable[Dialect],
        metrics: Metrics,
        access_log: AccessLog | None,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self.services = services
        self.gate = gate
        self.hub = hub
        self._running: dict[HTTPServerRequest, asyncio.Event] = {}
        self.metrics = metrics
        self.table = Table(dialects)
        self._access_log = access_log
        self._router = DialectRouter(
            self.table,
            self,
            body_limit=services.settings.max_body_bytes,
            upload_limit=services.settings.max_upload_bytes,
        )

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> HTTPMessageDelegate:  # type: ignore[override]
        """Find who answers."""
        return self._router.find_handler(request, **kwargs)

    @property
    def running(self) -> int:
        """Count the requests that are not answered yet."""
        return len(self._running)

    def begin(self, request: HTTPServerRequest) -> None:
        """Note that a request is being answered; a graceful stop waits for it."""
        self._running[request] = asyncio.Event()

    def end(self, request: HTTPServerRequest) -> None:
        """Note that a request's answer was sent, or that nobody is left to take it."""
        if (ended := self._running.pop(request, None)) is not None:
            ended.set()

    async def answered(self, request: HTTPServerRequest) -> None:
        """Wait until a request's answer was sent."""
        if (ended := self._running.get(request)) is not None:
            await ended.wait()

    async def finish_requests(self) -> None:
        """Wait until every request that has begun was answered."""
        while self._running:
            await self.answered(next(iter(self._running)))

    def log_request(self, handler: RequestHandler) -> None:
        """Count a finished request and write its line."""
        request, status = handler.request, handler.get_status()
        match: Match | None = getattr(request, "match", None)
        route = match.route.path if match is not None and match.route is not None else "(none)"
        dialect = match.dialect.name if match is not None else "(none)"
        # Anybody can make methods up; each would be one more row of the metrics.
        method = request.method if status != 405 and request.method in KNOWN else "(refused)"
        self.metrics.observe(dialect, route, str(method), status, request.request_time())
        if self._access_log is not None:
            self._access_log.write(request, status, self.services.addressing.proxies.client(request))
