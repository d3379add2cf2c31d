"""Checking members' details: who is next, and what was found."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from handlers.core.operation import operation
from handlers.flux.answers import Okay, UserObject
from handlers.flux.rules import ADMIN, FluxHandler, with_alias
from handlers.flux.schemas import Body, user_object
from storage.driver import Document
from storage.person import STATES
from storage.validation import Verdict


def read_state(typed: str) -> str | None:
    """Accept a state in any case; nothing is none."""
    state = typed.strip().lower()
    if state and state not in STATES:
        raise ValueError(f"is not one of {', '.join(STATES)}")
    return state or None


State = Annotated[str, AfterValidator(read_state)]


class NextBody(Body):
    """Whom an admin wants to check."""

    memberSecret: str | None = None  # noqa: N815  (its name on the wire)
    state: State | None = None
    doubleCheck: bool | None = None  # noqa: N815


class VerdictBody(Body):
    """What an admin found; the two flags follow the first where they are left out."""

    user_s: str
    valid: bool
    valid_federal: bool | None = None
    valid_state: bool | None = None
    doubleCheck: bool | None = None  # noqa: N815
    reason: Annotated[str, Field(max_length=5000)] | None = None

    def verdict(self) -> Verdict:
        """Return the verdict with its defaults."""
        federal = self.valid if self.valid_federal is None else self.valid_federal
        state = self.valid if self.valid_state is None else self.valid_state
        return Verdict(self.valid, federal, state, bool(self.doubleCheck), (self.reason or "").strip())


class NextHandler(FluxHandler):
    """Hands out members to be checked."""

    @operation(body=NextBody, access=ADMIN, returns=UserObject | None)
    async def post(self, body: NextBody) -> Document | None:
        """Return a certain member, or whoever waits longest, or null."""
        queue = self.stores.validation
        if body.memberSecret:
            person = await queue.member(body.memberSecret)
        else:
            person = await queue.next(state=body.state, second=bool(body.doubleCheck))
        return user_object(person) if person is not None else None


class VerdictHandler(FluxHandler):
    """Takes verdicts."""

    @operation(body=VerdictBody, access=ADMIN, returns=Okay)
    async def post(self, body: VerdictBody) -> Document:
        """Store what was found about a member."""
        await self.stores.validation.report(body.user_s, body.verdict())
        return {"status": "okay"}


ROUTES = (
    *with_alias("/validate_user_details", NextHandler),
    *with_alias("/report_validation", VerdictHandler),
)
