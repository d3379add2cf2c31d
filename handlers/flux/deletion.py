"""Leaving for good."""

from __future__ import annotations

from typing import Any

from handlers.core.operation import operation
from handlers.flux.answers import Okay
from handlers.flux.members import MembersHandler
from handlers.flux.rules import MEMBER, with_alias
from handlers.flux.schemas import AnyBody
from storage.driver import Document


class DeleteHandler(MembersHandler):
    """Deletes the caller."""

    @operation(body=AnyBody, access=MEMBER, returns=Okay)
    async def post(self, body: AnyBody) -> Document:
        """Delete the member with everything that names them, and confirm it by mail."""
        await self.stores.deletion.delete(self.member.oid, self.farewell)
        return {"status": "okay"}

    def farewell(self, person: Document) -> list[Any]:
        """Write the last mail."""
        return [self.letterhead.deleted(person["email"]).job()] if person.get("email") else []


ROUTES = with_alias("/delete_user", DeleteHandler)
