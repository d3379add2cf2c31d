"""Who manages an event, and who may see it; live channels ask the same."""

from __future__ import annotations

from storage.accounts import Member
from storage.driver import Document
from storage.klub.event import Event
from storage.klub.event_queries import Audience
from storage.klub.grants import Standing


class Rights:
    """The rules about events; an event carries its team, so that no further look is needed."""

    def manages(self, member: Member | None, standing: Standing, event: Event) -> bool:
        """Tell whether somebody organizes an event, or is staff of a unit of it."""
        if standing.superuser:
            return True
        if member is not None and member.id in event.team:
            return True
        return any(standing.covers(unit) for unit in event.units)

    def may_see(self, member: Member | None, standing: Standing, event: Event) -> bool:
        """Tell whether somebody may know that an event exists."""
        return event.public or standing.organizes or (member is not None and member.id in event.team)

    def audience(self, member: Member | None, standing: Standing) -> Audience:
        """Return which events somebody may see: for each of them `may_see` holds."""
        if standing.organizes:
            return Audience(everything=True)
        return Audience(member=member.id if member is not None else None)

    def domain(self, member: Member, standing: Standing) -> Document:
        """Return the query for the events that somebody manages: for each of them `manages` holds."""
        if standing.superuser:
            return {}
        clauses: list[Document] = [{"team": member.id}]
        if standing.units is None:
            clauses.append({"units": {"$ne": []}})
        elif standing.units:
            clauses.append({"units": {"$in": sorted(standing.units)}})
        return {"$or": clauses}
