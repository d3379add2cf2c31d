"""The phone bank: whom to call next, and what came of it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from handlers.core.dialect import Route
from handlers.core.errors import Denied, NotFound
from handlers.core.operation import Limit, operation
from handlers.flux.answers import Contact, Okay
from handlers.flux.rules import Access, FluxHandler
from handlers.flux.schemas import Body, Number
from storage.calls import Outcome, Search
from storage.driver import Document
from storage.person import STATES, joined_name, postcode_of

CALLER = Access(role="phone_bank")
BY_CALLER = Limit("flux_limit_phone_bank", lambda handler: str(handler.member.oid))  # type: ignore[attr-defined]
WEEK = 604_800  # seconds
PLACES = tuple(state for state in STATES if state not in ("nostate", "weirdstate"))


def read_state(typed: str) -> str:
    """Accept a state in any case."""
    if typed.lower() not in PLACES:
        raise ValueError(f"is not one of {', '.join(PLACES)}")
    return typed.lower()


Seconds = Annotated[int, Field(ge=0)]


class SearchBody(Body):
    """Whom a caller wants to call."""

    state: Annotated[str, AfterValidator(read_state)] = ""
    no_answered_call_since: Seconds = WEEK
    no_any_call_since: Seconds = WEEK


class ReportBody(Body):
    """What came of a call."""

    call_id: Number
    do_not_call: bool = False
    comment: Annotated[str, Field(max_length=5000)] = ""
    answered: bool = True


def contact_of(person: Document) -> dict[str, Any]:
    """Return what a caller may know of a member; the postcode is a number, as old clients want it."""
    postcode = postcode_of(person.get("addr_postcode", ""), person.get("address", ""))
    numeric = postcode.isascii() and postcode.isdigit()
    return {
        "name": person.get("name") or joined_name(person),
        "contact_number": person["contact_number"],
        "postcode": int(postcode) if numeric else None,
    }


class NextMemberHandler(FluxHandler):
    """Hands out the next member to call."""

    @operation(body=SearchBody, access=CALLER, limits=(BY_CALLER,), returns=Contact)
    async def post(self, body: SearchBody) -> Document:
        """Give the caller a member whom nobody else is calling; the lease ends with the report."""
        search = Search(
            self.member.oid,
            body.state or None,
            since_answered=body.no_answered_call_since,
            since_any=body.no_any_call_since,
        )
        handed = await self.stores.calls.hand_out(search, self.services.settings.flux_phone_bank_lease)
        if handed is None:
            raise NotFound("there is nobody to call now")
        return {**contact_of(handed.person), "call_log": list(handed.earlier), "call_id": handed.call_id}


class ReportHandler(FluxHandler):
    """Takes down what came of a call."""

    @operation(body=ReportBody, access=CALLER, returns=Okay)
    async def post(self, body: ReportBody) -> Document:
        """Write the outcome into the log, in place of an earlier one; an admin may for other callers."""
        calls = self.stores.calls
        if await calls.caller(body.call_id) != self.member.oid and not await self.is_admin():
            raise Denied
        await calls.report(body.call_id, Outcome(body.answered, body.do_not_call, body.comment))
        return {"status": "okay"}

    async def is_admin(self) -> bool:
        """Tell whether the caller may change what others reported."""
        held = await self.stores.roles.held_by(self.member.oid, superuser=self.member.superuser)
        return "admin" in held


ROUTES = (
    Route("/api/v0/phone_bank/get_next_member", NextMemberHandler),
    Route("/api/v0/phone_bank/report", ReportHandler),
)
