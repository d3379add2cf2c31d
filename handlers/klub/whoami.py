"""Who the caller is: names, and what they are allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.core.rest.fields import Body, text
from handlers.klub.access import USER
from handlers.klub.rules import KlubHandler
from storage.accounts import Amendment
from storage.driver import Document
from storage.klub.grants import Standing

SHARED = {"first_name": "fname", "last_name": "sname"}  # what the other dialects show, too
STORED = {**SHARED, "nickname": "klub.nickname"}
LONGEST_NAME, LONGEST_NICKNAME = 128, 126

Name = Annotated[str, Field(max_length=LONGEST_NAME), text(LONGEST_NAME, blank=True)]
Nickname = Annotated[str, Field(max_length=LONGEST_NICKNAME), text(LONGEST_NICKNAME, blank=True)]


class WhoamiBody(Body):
    """The names that callers may change of themselves."""

    first_name: Name = ""
    last_name: Name = ""
    nickname: Nickname = ""


@dataclass(frozen=True, slots=True)
class Whoami:
    """The caller."""

    first_name: str
    last_name: str
    nickname: str
    is_staff: bool
    is_superuser: bool
    is_event_organizer: bool
    id: int

    @classmethod
    def of(cls, person: Mapping[str, Any], standing: Standing) -> Whoami:
        """Read the stored form."""
        return cls(
            person.get("fname") or "",
            person.get("sname") or "",
            (person.get("klub") or {}).get("nickname") or "",
            standing.staff,
            standing.superuser,
            standing.organizer,
            person["id"],
        )


class WhoamiHandler(KlubHandler):
    """The caller's own names; each verb changes what is sent."""

    @operation(returns=Whoami, access=USER)
    async def get(self) -> Whoami:
        """Return who calls."""
        return Whoami.of(await self.stores.accounts.document(self.owner.oid), self.standing)

    async def change(self, body: WhoamiBody) -> Whoami:
        """Change the names that are sent."""
        sent = {STORED[name]: value for name, value in body.changes.items()}

        def decide(stored: Document) -> Amendment:
            values = {name: value for name, value in sent.items() if stored.get(name) != value}
            return Amendment(values, values.keys(), revalidate=bool(values.keys() & SHARED.values()))

        amended = await self.stores.accounts.amend(self.owner.oid, decide)
        return Whoami.of(amended.person, self.standing)

    post = put = patch = operation(body=WhoamiBody, returns=Whoami, access=USER)(change)


ROUTES = (Route("/api/frontend/whoami", WhoamiHandler), Route("/api/frontend/whoami/", WhoamiHandler))
