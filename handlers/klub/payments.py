"""Who is up to date with what they pay; payments that partners report or look for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from handlers.core.dialect import Route
from handlers.core.errors import NotFound
from handlers.core.operation import operation
from handlers.core.rest.fields import NULL, Body, refuse, text
from handlers.core.rest.handler import Refused
from handlers.klub.access import STAFF, USER, scope
from handlers.klub.fields import LARGEST, LowerEmail, one_of, whole
from handlers.klub.moments import read_day
from handlers.klub.partners import AccountSlug, Amount, EventSlug, Named, look_up
from handlers.klub.rules import EMPTY, KlubHandler
from storage.errors import NotFound as Missing
from storage.klub.channels import Channel
from storage.klub.payments import CARD, TRANSFER, Payment, Quotas

BOOKKEEPERS = scope("can_check_last_payments", STAFF)
CASHIERS = scope("can_create_credit_card_payment", STAFF)
PATIENCE = timedelta(days=14)  # between what was announced and what arrives
NO_EMAIL = {"detail": "Email Does not exist"}
NO_CHANNEL = {"detail": "Donor payment Channel with this event/money_account/VS doesnt exist"}
NO_PAYMENT = {"detail": "Payment since registered payment + 14 days doesnt exist "}  # the blank belongs to it
PERSON, COMPANY = PAYERS = ("user", "company")
LONGEST_DETAIL = 255
DETAILS = (
    *("account", "bank_code", "VS", "VS2", "SS", "KS", "BIC", "user_identification", "done_by"),
    *("account_name", "bank_name", "transfer_type", "specification", "order_id"),
)


def read_date(value: Any) -> date:
    """Accept a day."""
    return date.fromisoformat(read_day(value) or refuse(NULL))


Day = Annotated[date, BeforeValidator(read_date)]
Detail = Annotated[str | None, Field(max_length=LONGEST_DETAIL), text(LONGEST_DETAIL, blank=True, null=True)]


class SearchBody(Body):
    """Which payments are looked for."""

    event: EventSlug
    money_account: AccountSlug
    VS: Annotated[str, text()]
    amount: Annotated[int, Field(ge=-LARGEST, le=LARGEST), whole(-LARGEST)]
    date: Day


class CardBody(Body):
    """A payment by card, and whose it is."""

    profile_type: Annotated[str, Field(json_schema_extra={"enum": [*PAYERS]}), one_of(*PAYERS)]
    recipient_account: AccountSlug
    date: Day
    amount: Amount
    event: EventSlug
    email: LowerEmail
    account: Detail = ""
    bank_code: Detail = ""
    VS: Detail = ""
    VS2: Detail = ""
    SS: Detail = ""
    KS: Detail = ""
    BIC: Detail = ""
    user_identification: Detail = ""
    done_by: Detail = ""
    account_name: Detail = ""
    bank_name: Detail = ""
    transfer_type: Detail = ""
    specification: Detail = ""
    order_id: Detail = ""

    def payment(self, channel: Channel) -> Payment:
        """Return the payment on a channel."""
        details = {name: getattr(self, name) or "" for name in DETAILS}
        day, account = self.date.isoformat(), self.recipient_account.id
        return Payment(channel.id, day, self.amount, CARD, account, details=details)


@dataclass(frozen=True, slots=True)
class PaymentObject:
    """A payment."""

    amount: int | float
    date: str
    operation_id: str | None
    profile_id: int | None


@dataclass(frozen=True, slots=True)
class PayerObject:
    """Who pays: an account or a company."""

    profile_id: int


class PayingHandler(KlubHandler):
    """Knows who pays what they mean to."""

    async def is_up_to_date(self) -> bool:
        """Tell whether the caller is up to date; staff always is."""
        settings = self.services.settings
        quotas = Quotas(settings.sum_last_month_payments, settings.sum_last_year_payments)
        today = datetime.now(UTC).date()
        return self.standing.staff or await self.stores.payments.up_to_date(self.owner.id, quotas, today)


class UpToDateHandler(PayingHandler):
    """Tells whether somebody is up to date."""

    @operation(access=USER)
    async def get(self) -> bytes:
        """Answer 200 to who pays what they mean to, 404 to others."""
        if not await self.is_up_to_date():
            raise Refused(404, EMPTY)
        return EMPTY


class SearchHandler(KlubHandler):
    """Looks for payments."""

    async def known(self, fields: Mapping[str, Any]) -> Named:
        """Return what the body names."""
        return await look_up(self, fields)

    @operation(access=BOOKKEEPERS, body=SearchBody, returns=list[PaymentObject])
    async def post(self, body: SearchBody) -> Sequence[PaymentObject]:
        """List what came in by bank within two weeks after it was announced."""
        payments = self.stores.payments
        channel = await payments.channel(body.event.id, body.money_account.id, body.VS)
        if channel is None:
            raise Refused(404, NO_CHANNEL)
        last = min(body.date, date.max - PATIENCE) + PATIENCE
        found = await payments.between(channel.id, body.date, last, body.amount, TRANSFER)
        if not found:
            raise Refused(404, NO_PAYMENT)
        return [PaymentObject(each.amount, each.date, each.operation, channel.user) for each in found]


class CardHandler(KlubHandler):
    """Takes payments by card."""

    async def known(self, fields: Mapping[str, Any]) -> Named:
        """Return what the body names."""
        return await look_up(self, fields, "recipient_account")

    @operation(access=CASHIERS, body=CardBody, returns=PayerObject)
    async def post(self, body: CardBody) -> PayerObject:
        """Store a payment on the channel that a person or a company has for an event."""
        payers = await self.payers(body)
        if not payers:
            raise Refused(404, NO_EMAIL)
        for payer in payers:
            if (channel := await self.stores.channels.find(payer, body.event.id)) is not None:
                paid = await self.stores.payments.add(body.payment(channel))
                if paid is not None:
                    return PayerObject(paid)
        raise Refused(404, NO_CHANNEL)

    async def payers(self, body: CardBody) -> Sequence[int]:
        """Return whose e-mail it is."""
        if body.profile_type == COMPANY:
            return await self.stores.companies.with_contact(body.email)
        row = await self.stores.addresses.taken(body.email)
        if row is None:
            return ()
        with suppress(NotFound, Missing):
            return (int((await self.stores.accounts.document(row["user_id"]))["id"]),)
        return ()


ROUTES = (
    Route("/api/check_last_payment/", UpToDateHandler),
    Route("/api/check_last_payments/", SearchHandler),
    Route("/api/create_credit_card_payment/", CardHandler),
)
