"""Klub's events with their counts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.site.admin.rules import PAGE, AdminHandler, Before, Query, Text
from storage.admin.overviews import EventPage


class EventsQuery(Query):
    """What to look for: the beginning of a name, or an id."""

    q: Annotated[Text, Field(max_length=200)] = ""
    before: Before | None = None


class EventsHandler(AdminHandler):
    """All events, hidden ones too."""

    @operation(query=EventsQuery, returns=EventPage)
    async def get(self, query: EventsQuery) -> EventPage:
        """Find events by id, or by the beginning of the name; newest first."""
        return await self.stores.overviews.events(query.q.strip(), query.before, PAGE)


ROUTES = (Route("/admin/api/events", EventsHandler),)
