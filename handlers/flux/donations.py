"""Donations: the public log, and the books of those with the role."""

from __future__ import annotations

import math
import time
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.flux.answers import DonationPage, Donor, NewDonation, PublicDonations
from handlers.flux.fields import numeric_text
from handlers.flux.people import KnownHandler
from handlers.flux.rules import Access, FluxHandler
from handlers.flux.schemas import AddressBody, Body
from storage.donations import Order
from storage.driver import Document

FINANCE = Access(role="finance")
ORDERS: dict[object, Order] = {"ts": "ts", "id": "_id", 0: "ts", 1: "_id"}
LARGEST_PAGE = 10_000  # an old page asks for 9 999 at once
DONOR = (
    *("fname", "mnames", "sname", "email", "contact_number"),
    *("addr_street_no", "addr_street", "addr_suburb", "addr_postcode", "addr_country"),
)


def read_order(value: Any) -> Any:
    """Accept the name or the number of an order, and keep it as it came."""
    key = value.lower() if isinstance(value, str) else value
    if isinstance(key, bool) or not isinstance(key, int | str) or key not in ORDERS:
        raise ValueError("is not ts or id")
    return value


def check_finite(value: float) -> float:
    """Refuse what is no amount of money."""
    if not math.isfinite(value):
        raise ValueError("is not a number")
    return value


Amount = Annotated[int | float, AfterValidator(check_finite)]
Text = Annotated[str, BeforeValidator(numeric_text(500))]
Scalar = str | int | float | bool | None


class AmountQuery(Body):
    """Which donations: all of one amount, as the entry page asks for; nothing else."""

    model_config = {**Body.model_config, "extra": "forbid"}

    amount: Amount | None = None


class PageBody(Body):
    """Which page of the donations, in which order."""

    pageN: Annotated[int, Field(ge=0, le=10**9)] = 0  # noqa: N815  (its name on the wire)
    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 100
    sortMethod: Annotated[str | int, BeforeValidator(read_order)] = "ts"  # noqa: N815
    query: AmountQuery = AmountQuery()


class Donation(Body):
    """A donation as the entry page sends it."""

    name: Text = ""
    street: Text = ""
    city: Text = ""
    state: Text = ""
    postcode: Text = ""
    country: Text = ""
    branch: Text = ""
    date: Text = ""
    amount: Amount
    unit: Text = "AUD"
    email: Text = ""
    payment_source: Text = ""
    ts: int = Field(default_factory=lambda: int(time.time()))
    extra_data: Annotated[dict[Annotated[str, Field(max_length=100)], Scalar], Field(max_length=50)] = {}


class NewDonationBody(Body):
    """A donation to be stored."""

    doc: Donation


class PublicLogHandler(FluxHandler):
    """The public log."""

    @operation(returns=PublicDonations)
    async def get(self) -> Document:
        """Return when how much was given to which branch, and nothing else."""
        return {"donations": await self.stores.donations.anonymous()}


class PageHandler(FluxHandler):
    """The books."""

    @operation(body=PageBody, access=FINANCE, returns=DonationPage)
    async def post(self, body: PageBody) -> Document:
        """Return a page of donations."""
        key = body.sortMethod.lower() if isinstance(body.sortMethod, str) else body.sortMethod
        donations, total = await self.stores.donations.page(
            body.pageN, body.limit, ORDERS[key], body.query.amount
        )
        page = {"pageN": body.pageN, "limit": body.limit, "total": total, "sortMethod": body.sortMethod}
        return {"donations": donations, **page}


class NewDonationHandler(FluxHandler):
    """Takes donations into the books."""

    @operation(body=NewDonationBody, access=FINANCE, returns=NewDonation)
    async def post(self, body: NewDonationBody) -> Document:
        """Store a donation; the server names it."""
        number = await self.stores.donations.add(body.doc.model_dump())
        return {"right": True, "status": "okay", "id": number}


class DonorHandler(KnownHandler):
    """Fills in the form for somebody who is known."""

    @operation(body=AddressBody, access=FINANCE, returns=Donor)
    async def post(self, body: AddressBody) -> Document:
        """Return name and address of the account with an address; `left` says that there is none."""
        person = await self.stores.accounts.by_address(body.email.strip())
        if person is None:
            return {"left": "there is no account with this address"}
        return {"right": {name: person.get(name, "") for name in DONOR}}


ROUTES = (
    Route("/api/v1/anon_donation_log", PublicLogHandler),
    Route("/v2/finance/getDonations", PageHandler),
    Route("/v2/finance/addNewDonation", NewDonationHandler),
    Route("/v2/finance/donationAutoComplete", DonorHandler),
)
