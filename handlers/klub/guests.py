"""What endpoints share that take people who may be unknown: who is meant, and who may say so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from handlers.core.rest.body import Spelling
from handlers.klub.access import USER, Access, scope
from handlers.klub.fields import LowerEmail, Telephone
from handlers.klub.person_fields import FORMS, Note, PersonBody, write_stored
from handlers.klub.rules import KlubHandler
from storage.klub.directory import SHARED
from storage.klub.guests import Guest
from storage.klub.interaction import Draft

HOSTS: Access = scope("can_create_userprofile_interaction", USER)


class GuestBody(PersonBody):
    """Who is meant; what an account says of itself already stays."""

    email: LowerEmail
    telephone: Telephone = ""

    def guest(self, unit: int | None, ip: str) -> Guest:
        """Return whom the body means; a unit becomes one of theirs."""
        fields = {stored: write_stored(getattr(self, name)) for name, stored in SHARED.items()}
        return Guest(self.email, fields, self.telephone, "", unit, ip)


class VisitorBody(GuestBody):
    """Who is meant, and what there is to note of them."""

    note: Note = ""

    def guest(self, unit: int | None, ip: str) -> Guest:
        """Return whom the body means, with the note."""
        return replace(super().guest(unit, ip), note=self.note)


@dataclass(frozen=True, slots=True)
class GuestObject:
    """Whose account it is."""

    user_id: int


class GuestHandler(KlubHandler):
    """Takes people who may be unknown."""

    spelling: ClassVar[Spelling] = FORMS

    async def receive(self, body: VisitorBody, draft: Draft, unit: int | None) -> GuestObject:
        """Find or make the account, and store what it wants."""
        made = await self.stores.interactions.sign_up(draft, body.guest(unit, self.client))
        return GuestObject(made.user)
