"""People across the dialects: found, looked at, given roles, signed out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.site.admin.rules import (
    LARGEST_ID,
    PAGE,
    AdminHandler,
    Before,
    Body,
    Query,
    Text,
    Unwanted,
)
from handlers.site.rules import read_number
from realtime.inventory import Seat
from storage.admin.appointments import ROLES, SUPERUSER, Wish
from storage.admin.dossier import Dossier
from storage.admin.lockout import LockedOut
from storage.admin.search import People

WHAT = "person"


@dataclass(frozen=True, slots=True)
class Me:
    """Who is signed in, and which roles can be given."""

    id: int
    email: str
    name: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonObject:
    """A person's page: what is stored, and the live connections on all processes."""

    person: Dossier
    connections: tuple[Seat, ...]


@dataclass(frozen=True, slots=True)
class RolesObject:
    """The roles that a person holds now."""

    id: int
    roles: tuple[str, ...]


class PeopleQuery(Query):
    """What to look for: the beginning of a name, username or address, or an id."""

    q: Annotated[Text, Field(max_length=200)] = ""
    before: Before | None = None


class RoleBody(Body):
    """A role to give or (revoke) to take; for one administrative unit, or for all."""

    role: Annotated[Text, Field(max_length=50, description=f"one of: {', '.join(ROLES)}")]
    administrative_unit: Annotated[int, Field(ge=0, le=LARGEST_ID)] | None = None
    revoke: bool = False


class ActiveBody(Body):
    """Whether the account may be used."""

    active: bool


class MeHandler(AdminHandler):
    """Who the credential belongs to."""

    @operation(returns=Me)
    async def get(self) -> Me:
        """Return the superuser who calls."""
        row = await self.stores.accounts.document(self.caller.oid)
        return Me(self.caller.id, str(row.get("email") or ""), str(row.get("name") or ""), ROLES)


class PeopleHandler(AdminHandler):
    """The list."""

    @operation(query=PeopleQuery, returns=People)
    async def get(self, query: PeopleQuery) -> People:
        """Find people by id, or by the beginning of a name, username or address; newest first."""
        return await self.stores.people_search.page(query.q.strip(), query.before, PAGE)


class PersonHandler(AdminHandler):
    """One person."""

    @operation(returns=PersonObject)
    async def get(self, number: str) -> PersonObject:
        """Return identities, ways in, roles and live connections of a person."""
        person = await self.stores.dossiers.read(read_number(number, WHAT))
        seats = await self.folkmoot.hub.presence.inventory.seats(str(person.id))
        self.tell("looked_at_person", person=person.id)
        return PersonObject(person, tuple(seats))


class PersonAction(AdminHandler):
    """The base of what is done to one person."""

    def spare_caller(self, number: int, what: str) -> None:
        """Refuse what would shut the caller out of this page; the script does it, for who means it."""
        if number == self.caller.id:
            raise Unwanted(f"you would lock yourself out: {what}")


class RolesHandler(PersonAction):
    """Roles of one person."""

    @operation(body=RoleBody, returns=RolesObject)
    async def post(self, number: str, body: RoleBody) -> RolesObject:
        """Give a role, or take it away (scripts.grant_role)."""
        wish = Wish.of(body.role, body.administrative_unit, revoke=body.revoke)
        person = await self.stores.dossiers.find(read_number(number, WHAT))
        if wish.role == SUPERUSER and wish.revoke:
            self.spare_caller(int(number), "your own right of a superuser stays")
        roles = await self.stores.appointments.change(person, wish, by=self.caller.oid)
        deed = "took_role" if wish.revoke else "gave_role"
        self.tell(deed, person=int(number), role=wish.role, unit=wish.unit)
        return RolesObject(int(number), tuple(roles))


class EndSessionsHandler(PersonAction):
    """The sessions of one person."""

    @operation(returns=LockedOut)
    async def post(self, number: str) -> LockedOut:
        """Sign a person out everywhere (scripts.end_sessions)."""
        done = await self.stores.lockout.end_sessions(read_number(number, WHAT), by=self.caller.oid)
        self.tell("ended_sessions", person=done.id)
        return done


class ActiveHandler(PersonAction):
    """Whether one person's account may be used."""

    @operation(body=ActiveBody, returns=LockedOut)
    async def post(self, number: str, body: ActiveBody) -> LockedOut:
        """Deactivate an account, or reactivate it (scripts.deactivate)."""
        person = read_number(number, WHAT)
        if not body.active:
            self.spare_caller(person, "your own account stays active")
        lockout = self.stores.lockout
        done = await (lockout.reactivate if body.active else lockout.deactivate)(person, by=self.caller.oid)
        self.tell("reactivated" if body.active else "deactivated", person=done.id)
        return done


ROUTES = (
    Route("/admin/api/me", MeHandler),
    Route("/admin/api/people", PeopleHandler),
    Route("/admin/api/people/{number}", PersonHandler),
    Route("/admin/api/people/{number}/roles", RolesHandler),
    Route("/admin/api/people/{number}/end-sessions", EndSessionsHandler),
    Route("/admin/api/people/{number}/active", ActiveHandler),
)
