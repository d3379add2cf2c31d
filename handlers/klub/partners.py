"""What partners' servers ask: do slugs exist, who pays under which symbol, what was sent to whom."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo

from handlers.core.dialect import Route
from handlers.core.errors import NotFound
from handlers.core.operation import operation
from handlers.core.rest.fields import NULL, Body, refuse, text, to_id
from handlers.klub.access import STAFF, scope
from handlers.klub.fields import (
    LARGEST,
    NOT_WHOLE,
    LowerEmail,
    Telephone,
    one_of,
    read_slugs,
    read_whole,
    reference,
    whole,
)
from handlers.klub.guests import GuestBody, GuestHandler
from handlers.klub.moments import read_moment
from handlers.klub.rules import KlubHandler
from handlers.klub.scalars import Flag
from handlers.klub.whoami import Name
from storage.klub.channels import Cause, MoneyAccount, Pledge
from storage.klub.companies import Company, Contact
from storage.klub.interaction import Draft
from storage.klub.interaction_types import Kind
from storage.klub.interactions import first_unit

CHECKERS = scope("can_check_if_exist", STAFF)
PROFILERS = scope("can_create_profiles", STAFF)
SENDERS = scope("can_create_interactions", STAFF)
DAYS_UNTIL_FIRST = 3
LONGEST_LINE = 256
MAILS = ("emails", "emails")  # the category of what is sent to people: its slug and its name
SUBJECT = "vizus"
BAD_CRN = "This is no valid identification number (IČO)."
CRN = Field(description="the Czech identification number (IČO): eight digits, of which the last one checks")
SLUG = {"type": "string", "format": "slug"}
SENT = ("certificate", "confirmation")
SEXES = ("male", "female", "unknown")


@dataclass(frozen=True, slots=True)
class Named:
    """What bodies name, as far as it exists."""

    accounts: Mapping[str, MoneyAccount]
    causes: Mapping[str, Cause]
    people: Collection[int] = ()


async def look_up(handler: KlubHandler, fields: Mapping[str, Any], account: str = "money_account") -> Named:
    """Look up the event and the money account that unchecked fields name."""
    channels = handler.stores.channels
    return Named(
        await channels.accounts(read_slugs([fields], account)),
        await channels.causes(read_slugs([fields], "event")),
    )


def check_crn(value: str) -> Iterable[str]:
    """Complain about what is no number of the Czech register: seven digits and one that checks them."""
    digits = [int(each) for each in value] if re.fullmatch(r"[0-9]{8}", value, re.ASCII) else []
    weighed = sum((8 - place) * digit for place, digit in enumerate(digits[:7]))
    if not digits or digits[7] != (11 - weighed % 11) % 10:
        yield BAD_CRN


def read_person(value: Any, info: ValidationInfo) -> int:
    """Accept the number of an account."""
    if value is None:
        refuse(NULL)
    number = read_whole(value)
    if number is None:
        refuse(NOT_WHOLE)
    assert isinstance(info.context, Named)
    return (
        number if number in info.context.people else refuse(f'Invalid pk "{number}" - object does not exist.')
    )


def read_sent(value: Any) -> datetime:
    """Accept a moment."""
    return read_moment(value) or refuse(NULL)


Line = Annotated[str, Field(max_length=LONGEST_LINE), text(LONGEST_LINE, blank=True)]
AccountSlug = Annotated[Any, Field(json_schema_extra=SLUG), reference("accounts")]
EventSlug = Annotated[Any, Field(json_schema_extra=SLUG), reference("causes")]
Amount = Annotated[int, Field(ge=0, le=LARGEST), whole()]


class PersonPledgeBody(GuestBody):
    """Who pays for what, and how much; what an account says of itself already stays."""

    first_name: Name
    last_name: Name
    money_account: AccountSlug
    event: EventSlug
    amount: Amount
    regular: Flag
    sex: Annotated[str, Field(json_schema_extra={"enum": ["", *SEXES]}), one_of(*SEXES, blank=True)] = ""


class CompanyPledgeBody(Body):
    """Which company pays for what, and how much."""

    name: Annotated[str, Field(max_length=LONGEST_LINE), text(LONGEST_LINE)]
    email: LowerEmail
    money_account: AccountSlug
    event: EventSlug
    amount: Amount
    regular: Flag
    crn: Annotated[str, CRN, text(None, blank=True, checks=[check_crn])] = ""
    telephone: Telephone = ""
    street: Line = ""
    city: Line = ""
    zip_code: Line = ""
    contact_first_name: Line = ""
    contact_last_name: Line = ""

    def company(self) -> Company:
        """Return which company the body means."""
        contact = Contact(self.email, self.telephone, self.contact_first_name, self.contact_last_name)
        address = {"street": self.street, "city": self.city, "zip_code": self.zip_code}
        return Company(self.name, contact, self.crn, address)


class InteractionBody(Body):
    """What was sent to whom, about which event."""

    date: Annotated[datetime, BeforeValidator(read_sent)]
    event: EventSlug
    profile_id: Annotated[int, BeforeValidator(read_person)]
    interaction_type: Annotated[str, Field(json_schema_extra={"enum": [*SENT]}), one_of(*SENT)]
    text: Annotated[str, text(None)]


@dataclass(frozen=True, slots=True)
class SlugObject:
    """A slug that exists."""

    slug: str


@dataclass(frozen=True, slots=True)
class SymbolObject:
    """The variable symbol that payments carry."""

    VS: str


class CheckEventHandler(KlubHandler):
    """Tells whether there is an event."""

    async def locate(self) -> None:
        """Leave the slug alone: it is no number."""

    @operation(access=CHECKERS, returns=SlugObject)
    async def get(self) -> SlugObject:
        """Tell whether there is an event with a slug."""
        return await self.look(self.path_kwargs["slug"])

    async def look(self, slug: str) -> SlugObject:
        """Return the slug; raises NotFound."""
        if slug not in await self.stores.channels.causes([slug]):
            raise NotFound
        return SlugObject(slug)


class CheckAccountHandler(CheckEventHandler):
    """Tells whether there is a money account."""

    @operation(access=CHECKERS, returns=SlugObject)
    async def get(self) -> SlugObject:
        """Tell whether there is a money account with a slug."""
        return await self.look(self.path_kwargs["slug"])

    async def look(self, slug: str) -> SlugObject:
        """Return the slug; raises NotFound."""
        if slug not in await self.stores.channels.accounts([slug]):
            raise NotFound
        return SlugObject(slug)


class PersonPledgeHandler(GuestHandler):
    """Gives people the symbols that they pay under."""

    async def known(self, fields: Mapping[str, Any]) -> Named:
        """Return what the body names."""
        return await look_up(self, fields)

    @operation(access=PROFILERS, body=PersonPledgeBody, returns=SymbolObject)
    async def post(self, body: PersonPledgeBody) -> SymbolObject:
        """Return the symbol under which somebody pays for an event; who is unknown gets an account."""
        pledge = make_pledge(body.event, body.money_account, body.amount, regular=body.regular)
        guest = body.guest(pledge.account.unit, self.client)
        return SymbolObject((await self.stores.pledges.of_person(guest, body.sex, pledge)).symbol)


class CompanyPledgeHandler(KlubHandler):
    """Gives companies the symbols that they pay under."""

    async def known(self, fields: Mapping[str, Any]) -> Named:
        """Return what the body names."""
        return await look_up(self, fields)

    @operation(access=PROFILERS, body=CompanyPledgeBody, returns=SymbolObject)
    async def post(self, body: CompanyPledgeBody) -> SymbolObject:
        """Return the symbol under which a company pays for an event; it is found by its crn, or made."""
        pledge = make_pledge(body.event, body.money_account, body.amount, regular=body.regular)
        return SymbolObject((await self.stores.pledges.of_company(body.company(), pledge)).symbol)


class InteractionHandler(KlubHandler):
    """Remembers what partners sent to people."""

    async def known(self, fields: Mapping[str, Any]) -> Named:
        """Return what the body names."""
        found = await look_up(self, fields)
        asked = to_id(fields.get("profile_id"))
        people = await self.stores.directory.some([asked] if asked is not None else [])
        return replace(found, people=people.keys())

    @operation(access=SENDERS, body=InteractionBody)
    async def post(self, body: InteractionBody) -> Mapping[str, Any]:
        """Remember that somebody was sent a certificate or a confirmation."""
        stores, name = self.stores, body.interaction_type
        kind = await stores.interaction_types.obtain(Kind(*MAILS, name, name))
        event = await stores.events.find(body.event.id)
        draft = Draft(
            kind,
            event.id,
            first_unit(event),
            summary=body.text,
            subject=f"{SUBJECT}-{name}",
            date_from=body.date,
        )
        await stores.interactions.add(draft, body.profile_id)
        return {}


def make_pledge(cause: Cause, account: MoneyAccount, amount: int, *, regular: bool) -> Pledge:
    """Make what a partner reports into a pledge, to be paid first in some days."""
    first = datetime.now(UTC).date() + timedelta(days=DAYS_UNTIL_FIRST)
    return Pledge(cause, account, amount, None, first.isoformat(), regular)


ROUTES = (
    Route("/api/check_event/{slug}/", CheckEventHandler),
    Route("/api/check_moneyaccount/{slug}/", CheckAccountHandler),
    Route("/api/userprofile/vs/", PersonPledgeHandler),
    Route("/api/companyprofile/vs/", CompanyPledgeHandler),
    Route("/api/interaction/", InteractionHandler),
)
