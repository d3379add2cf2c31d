"""Registration: an account and what it means to pay, in one step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from handlers.core.dialect import Route
from handlers.core.errors import FieldError, Invalid
from handlers.core.operation import Operation, operation
from handlers.core.rest.fields import NULL, REQUIRED, Body, refuse, spell, text
from handlers.core.rest.handler import Refused
from handlers.core.rest.limits import REGISTRATIONS
from handlers.core.rest.words import WHOLE, nest
from handlers.klub.access import ANYONE
from handlers.klub.fields import (
    LARGEST,
    LowerEmail,
    NewPassword,
    Telephone,
    one_of,
    read_slugs,
    reference,
    whole,
)
from handlers.klub.references import EMPTY_LIST, read_list
from handlers.klub.rules import KlubHandler
from storage.errors import Taken
from storage.klub.channels import Cause, MoneyAccount, Pledge
from storage.klub.registrations import Applicant, Registration
from storage.klub.usernames import LONGEST as LONGEST_USERNAME

FREQUENCIES = ("monthly", "quaterly", "biannually", "annually")  # spelt like this on the wire
LONGEST_NAME = 128
CHANNELS = "userchannels"
UNIQUE = "This field must be unique."
USERNAME_TAKEN = "Profile with this user name already exists."
TWICE = "An event can be given once only."


@dataclass(frozen=True, slots=True)
class Known:
    """What bodies are held against: is the address taken, is the username, what slugs stand for."""

    email_taken: bool
    username_taken: bool
    accounts: Mapping[str, MoneyAccount]
    causes: Mapping[str, Cause]


def known_of(info: ValidationInfo) -> Known:
    """Return the context."""
    assert isinstance(info.context, Known)
    return info.context


def accept_email(value: str, info: ValidationInfo) -> str:
    """Accept an address that nobody has."""
    return refuse(UNIQUE) if known_of(info).email_taken else value


def accept_username(value: str, info: ValidationInfo) -> str:
    """Accept a name that nobody has; one that looks like an address has to be the own one.

    Both sign in, and somebody may register that address later.
    """
    strange = "@" in value and value.lower() != info.data.get("email", value.lower())
    return refuse(USERNAME_TAKEN) if strange or known_of(info).username_taken else value


def refuse_repetition(channels: list[ChannelBody]) -> list[ChannelBody]:
    """Accept channels for different events."""
    events = {entry.event.id for entry in channels}
    return channels if len(events) == len(channels) else refuse(TWICE)


def accept_list(value: Any) -> Any:
    """Accept a list with something in it."""
    return read_list(value) or refuse(EMPTY_LIST)


Name = Annotated[str, Field(max_length=LONGEST_NAME), text(LONGEST_NAME, blank=True)]
Slug = {"type": "string", "format": "slug"}


class ChannelBody(Body):
    """What is paid for one event, to which account."""

    money_account: Annotated[Any, Field(json_schema_extra=Slug), reference("accounts")]
    event: Annotated[Any, Field(json_schema_extra=Slug), reference("causes")]
    regular_amount: Annotated[int | None, Field(ge=0, le=LARGEST), whole(null=True)]
    regular_frequency: Annotated[
        str | None, Field(json_schema_extra={"enum": [*FREQUENCIES, "", None]}),
        one_of(*FREQUENCIES, blank=True, null=True),
    ] = None  # fmt: skip


class RegistrationBody(Body):
    """A new account; the context is what is Known."""

    email: Annotated[LowerEmail, AfterValidator(accept_email)]
    username: Annotated[
        str,
        Field(max_length=LONGEST_USERNAME),
        AfterValidator(accept_username),
        text(LONGEST_USERNAME),
    ] = ""
    password: NewPassword = ""
    first_name: Name = ""
    last_name: Name = ""
    telephone: Telephone = ""
    userchannels: Annotated[
        list[ChannelBody],
        Field(min_length=1),
        AfterValidator(refuse_repetition),
        BeforeValidator(accept_list),
    ]

    @model_validator(mode="before")
    @classmethod
    def _forget_blank_username(cls, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """A username that is missing, null or blank is made up."""
        if fields.get("username") is None or str(fields["username"]).strip() == "":
            return {name: value for name, value in fields.items() if name != "username"}
        return fields


@dataclass(frozen=True, slots=True)
class ChannelObject:
    """What is paid, and the variable symbol that payments carry."""

    money_account: str
    event: str
    regular_amount: int | None
    regular_frequency: str | None
    VS: str


@dataclass(frozen=True, slots=True)
class RegistrationObject:
    """A new account, without what is secret of it."""

    username: str
    first_name: str
    last_name: str
    email: str
    userchannels: list[ChannelObject]


class RegistrationHandler(KlubHandler):
    """Makes accounts."""

    async def known(self, fields: Mapping[str, Any]) -> Known:
        """Look up what the body names."""
        stores, entries = self.stores, fields.get(CHANNELS)
        listed = entries if isinstance(entries, list) else []
        email, username = (spell(fields.get(name)) for name in ("email", "username"))
        return Known(
            email is not None and await stores.addresses.taken(email.strip()) is not None,
            username is not None and await stores.usernames.taken(username.strip()),
            await stores.channels.accounts(read_slugs(listed, "money_account")),
            await stores.channels.causes(read_slugs(listed, "event")),
        )

    async def perform(
        self, declared: Operation, method: Callable[..., Awaitable[Any]], path: Mapping[str, str]
    ) -> None:
        """Register, or list what is wrong entry by entry."""
        try:
            await super().perform(declared, method, path)
        except Invalid as error:
            raise Refused(400, self.explain(error)) from None

    def explain(self, error: Invalid) -> dict[str, Any]:
        """Put errors into the shape of lists: one object for each entry, empty where nothing is wrong."""
        body = nest([*map(place, error.fields)])
        if isinstance(found := body.get(CHANNELS), dict) and WHOLE not in found:
            entries = self.read_fields()[CHANNELS]
            body[CHANNELS] = [found.get(str(index), {}) for index in range(len(entries))]
        return body

    @operation(
        body=RegistrationBody,
        returns=RegistrationObject,
        status=201,
        access=ANYONE,
        limits=(REGISTRATIONS,),
    )
    async def post(self, body: RegistrationBody) -> RegistrationObject:
        """Make an account with a payment channel for each event; nothing is mailed."""
        passwords = self.services.passwords
        applicant = Applicant(
            body.email,
            body.first_name,
            body.last_name,
            body.username or None,
            await passwords.hash(body.password) if body.password else None,
            body.telephone or None,
        )
        today = datetime.now(UTC).date().isoformat()
        pledges = [
            Pledge(each.event, each.money_account, each.regular_amount, each.regular_frequency, today)
            for each in body.userchannels
        ]
        try:
            made = await self.stores.registrations.register(applicant, pledges, ip=self.client)
        except Taken as error:
            reason = UNIQUE if error.what == "email" else USERNAME_TAKEN
            raise Invalid.field(error.what, reason) from None
        return show(body, made)


def place(error: FieldError) -> FieldError:
    """Put what is wrong with the list as a whole below the list."""
    if error.field == CHANNELS and error.reason not in {REQUIRED, NULL}:
        return FieldError(f"{CHANNELS}.{WHOLE}", error.kind, error.reason)
    return error


def show(body: RegistrationBody, made: Registration) -> RegistrationObject:
    """Return what was made."""
    pairs = zip(body.userchannels, made.channels, strict=True)
    return RegistrationObject(
        made.username,
        body.first_name,
        body.last_name,
        body.email,
        [
            ChannelObject(
                each.money_account.slug, each.event.slug, channel.amount, channel.frequency, channel.symbol
            )
            for each, channel in pairs
        ],
    )


ROUTES = (
    Route("/api/register-userprofile", RegistrationHandler),
    Route("/api/register-userprofile/", RegistrationHandler),
    Route("/api/register_userprofile/", RegistrationHandler),
)
