"""Figures about members, for everybody."""

from __future__ import annotations

from handlers.core.operation import operation
from handlers.flux.answers import Figures
from handlers.flux.messages import CountersMessage
from handlers.flux.rules import FluxHandler, with_alias
from storage.driver import Document


class InfoHandler(FluxHandler):
    """The live counters."""

    @operation(returns=CountersMessage)
    async def get(self) -> None:
        """Return the member counters.

        As text unless JSON is asked for by name: an old site parses the text itself, and fails when its
        library has parsed it already.
        """
        counters = await self.stores.statistics.counters()
        wants_json = "application/json" in self.request.headers.get("Accept", "").lower()
        kind = "application/json" if wants_json else "text/plain"
        self.set_header("Content-Type", f"{kind}; charset=utf-8")
        self.set_header("Vary", "Accept")
        self.finish(self.encode(counters))


class PublicStatsHandler(FluxHandler):
    """The figures of the public page."""

    @operation(returns=Figures)
    async def get(self) -> Document:
        """Return sign-ups, years of birth, postcodes and states of the members on the roll."""
        return await self.stores.statistics.figures()


ROUTES = (
    *with_alias("/getinfo", InfoHandler),
    *with_alias("/public_stats", PublicStatsHandler),
)
