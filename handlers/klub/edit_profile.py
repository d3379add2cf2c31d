"""What organizers correct of a person whose birth date they know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from handlers.core.dialect import Route
from handlers.core.errors import Invalid, NotFound
from handlers.core.operation import operation
from handlers.core.rest.handler import Refused
from handlers.klub.access import ORGANIZERS
from handlers.klub.fields import LowerEmail
from handlers.klub.moments import to_day
from handlers.klub.person_fields import FORMS, Note, PersonBody, write_stored
from handlers.klub.registration import UNIQUE
from handlers.klub.rules import KlubHandler
from handlers.klub.users import UserObject
from handlers.klub.whoami import Nickname
from storage.accounts import Amendment
from storage.driver import Document
from storage.errors import Departed, Taken
from storage.klub.directory import SHARED, Entry
from storage.klub.grants import NO_STANDING, read_standing
from storage.klub.registrations import ORIGIN

NO_BIRTH_DATE = {"error": "must specify date of birth in query arg `dob` in the form YYYY-MM-DD"}
GUARDED = "Only a superuser may change the e-mail of an account that its owner can sign in to or has proven."
EDITORS = ORGANIZERS.where("who knows the birth date of the person")
STORED = {**SHARED, "nickname": "klub.nickname", "note": "klub.note"}


@dataclass(frozen=True, slots=True)
class ProfileObject(UserObject):
    """A person with what organizers may correct."""

    note: str
    age_group: int | None
    birth_month: int | None
    birth_day: int | None
    street: str
    zip_code: str

    @classmethod
    def of(cls, found: Entry) -> ProfileObject:
        """Show a person."""
        return cls(
            found.id,
            found.first_name,
            found.last_name,
            found.nickname,
            found.email,
            found.telephones,
            found.city,
            found.note,
            found.age_group,
            found.birth_month,
            found.birth_day,
            found.street,
            found.zip_code,
        )


class ProfileBody(PersonBody):
    """What organizers may correct."""

    nickname: Nickname = ""
    note: Note = ""
    email: LowerEmail = ""


class BirthQuery(BaseModel):
    """What proves that the caller knows the person."""

    model_config = ConfigDict(extra="ignore")

    dob: str = Field(description="the birth date, YYYY-MM-DD")


class EditProfileHandler(KlubHandler):
    """A person, for organizers who know the birth date."""

    spelling = FORMS
    person: Entry

    async def find(self, user: int) -> None:
        """Find the person, whose birth date has to be the one in the query."""
        asked = to_day(self.get_query_argument("dob", ""))
        if asked is None:
            raise Refused(403, NO_BIRTH_DATE)
        self.person = await self.stores.directory.find(user)
        if born(self.person) != asked:
            raise NotFound

    @operation(access=EDITORS, query=BirthQuery, returns=ProfileObject)
    async def get(self, query: BirthQuery) -> ProfileObject:
        """Return a person."""
        return ProfileObject.of(self.person)

    async def change(self, query: BirthQuery, body: ProfileBody) -> ProfileObject:
        """Correct what is sent of a person; only superusers change addresses that sign somebody in."""
        proven = await self.stores.addresses.proven(self.person.oid)
        sent = {STORED[name]: write_stored(value) for name, value in body.changes.items() if name in STORED}
        email = body.email if "email" in body.model_fields_set else None

        def decide(stored: Document) -> Amendment:
            changed = email is not None and email != (stored.get("email") or "").lower()
            if changed and not self.standing.superuser and (proven or is_guarded(stored)):
                raise Invalid.field("email", GUARDED)
            values = {name: value for name, value in sent.items() if stored.get(name) != value}
            shared = not values.keys().isdisjoint(SHARED.values())
            return Amendment(values, values.keys(), email if changed else None, revalidate=shared)

        try:
            amended = await self.stores.accounts.amend(self.person.oid, decide)
        except Taken:
            raise Invalid.field("email", UNIQUE) from None
        except Departed:
            raise NotFound from None
        return ProfileObject.of(Entry.of(amended.person))

    patch = put = operation(access=EDITORS, query=BirthQuery, body=ProfileBody, returns=ProfileObject)(change)


def born(person: Entry) -> date | None:
    """Return the birth date of a person, None where it is not known whole."""
    if person.age_group is None or person.birth_month is None or person.birth_day is None:
        return None
    try:
        return date(person.age_group, person.birth_month, person.birth_day)
    except ValueError:
        return None


def is_guarded(stored: Mapping[str, Any]) -> bool:
    """Tell whether an account is somebody's who can get into it, came by another dialect, or has rights."""
    auth = stored.get("auth") or {}
    entered = stored.get("set_password") or stored.get("email_validated")
    elsewhere = auth.get("origin") != ORIGIN or auth.get("joined")
    return bool(entered or elsewhere) or read_standing(stored) != NO_STANDING


ROUTES = (Route("/api/frontend/edit_userprofile/{user}/", EditProfileHandler),)
