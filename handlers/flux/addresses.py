"""Address look-ups for forms: the suburbs of a postcode, the streets of a suburb."""

from __future__ import annotations

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.flux.answers import Streets, Suburbs
from handlers.flux.rules import FluxHandler
from storage.driver import Document


class SuburbsHandler(FluxHandler):
    """The suburbs of a postcode."""

    @operation(returns=Suburbs)
    async def get(self, country: str, postcode: str) -> Document:
        """Return the suburbs in ascending order; an unknown postcode has none."""
        return {"suburbs": await self.stores.gazetteer.suburbs(country, postcode), "status": "okay"}


class StreetsHandler(FluxHandler):
    """The streets of a suburb."""

    @operation(returns=Streets)
    async def get(self, country: str, postcode: str, suburb: str) -> Document:
        """Return the streets in ascending order; an unknown suburb has none."""
        return {"streets": await self.stores.gazetteer.streets(country, postcode, suburb), "status": "okay"}


ROUTES = (
    Route("/api/v0/get_suburbs/{country}/{postcode}", SuburbsHandler),
    Route("/api/v0/get_streets/{country}/{postcode}/{suburb}", StreetsHandler),
)
