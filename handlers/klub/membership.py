"""Applications for membership in an administrative unit, of people who may be unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.core.rest.fields import Text
from handlers.klub.guests import HOSTS, GuestHandler, GuestObject, VisitorBody
from handlers.klub.references import by_id, named
from storage.klub.interaction import Draft
from storage.klub.interaction_types import JOINING


class MembershipBody(VisitorBody):
    """Who wants to join which unit."""

    administrative_unit: Annotated[Any, Field(json_schema_extra={"type": "integer"}), by_id("units")]
    skills: Text = ""


class MembershipHandler(GuestHandler):
    """Takes applications."""

    async def known(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return whether there is the unit."""
        return {"units": await self.stores.units.some(named(fields, "administrative_unit"))}

    @operation(access=HOSTS, body=MembershipBody, returns=GuestObject)
    async def post(self, body: MembershipBody) -> GuestObject:
        """Take somebody's application for membership; an account is made for who has none."""
        kind = await self.stores.interaction_types.obtain(JOINING)
        unit: int = body.administrative_unit.id
        draft = Draft(kind, unit=unit, subject=kind.name, skills=body.skills)
        return await self.receive(body, draft, unit)


ROUTES = (Route("/api/apply_for_membership/", MembershipHandler),)
