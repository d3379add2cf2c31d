"""What clients report about themselves, and how much mail waits."""

from __future__ import annotations

from typing import Any

from handlers.core.body import read_json
from handlers.core.dialect import Route
from handlers.core.errors import TooLarge
from handlers.core.mail import KIND
from handlers.core.operation import operation
from handlers.flux.answers import Okay, Queues
from handlers.flux.rules import FluxHandler
from storage.driver import Document

LARGEST = 64 << 10  # bytes


class StatsReportHandler(FluxHandler):
    """Takes figures that nobody reads any more: old clients fail when they can't send them."""

    def read_report(self) -> str:
        """Return the body's text once it is known to be JSON, of any kind."""
        if len(self.request.body) > LARGEST:
            raise TooLarge(LARGEST)
        read_json(self.request.body)
        return self.request.body.decode().strip()

    @operation(takes=Any, returns=Okay)
    async def post(self) -> Document:
        """Take a report."""
        self.read_report()
        return {"status": "okay"}


class ErrorReportHandler(StatsReportHandler):
    """Takes errors of clients."""

    @operation(takes=Any, returns=Okay)
    async def post(self) -> Document:
        """Keep a report for people to look at."""
        await self.stores.reports.add("/api/v0/error", self.read_report())
        return {"status": "okay"}


class QueueHandler(FluxHandler):
    """How much waits to be sent."""

    @operation(returns=Queues)
    async def get(self) -> Document:
        """Return how many mails and text messages wait, in the own queue and in imported ones."""
        mails, messages = await self.stores.reports.unsent()
        waiting = await self.stores.jobs.left([KIND])
        return {"email_queue_length": mails + waiting, "sms_queue_length": messages}


ROUTES = (
    Route("/api/v0/error/all_at_once", ErrorReportHandler),
    Route("/api/v0/stats/all_at_once", StatsReportHandler),
    Route("/api/v0/queue_stats", QueueHandler),
)
