"""Proving a phone number: a code by SMS, its check, and the nonce that a registration uses up."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from handlers.core.dialect import Route
from handlers.core.errors import Invalid
from handlers.core.operation import Limit, operation
from handlers.flux.answers import Okay, Sorry
from handlers.flux.rules import FluxHandler
from handlers.flux.schemas import Body
from storage.accounts import Claim
from storage.driver import Document
from storage.phones import Phones, normal_number

NONCE = "phone_verify_nonce"
WRONG = "That code is wrong or no longer valid. Please check it, or ask for a new one."

BY_CLIENT = Limit("flux_limit_sms_ip", lambda handler: handler.client)


def asked_number(handler: Any) -> str:
    """Return the number that a code is asked for, as it is counted."""
    return normal_number(handler.body["phone_number"])


BY_NUMBER = Limit("flux_limit_sms_number", asked_number, late=True)


class NumberBody(Body):
    """A phone number, in its normal form once it is read."""

    phone_number: Annotated[str, AfterValidator(normal_number)]


class CodeBody(NumberBody):
    """The code that came by SMS, and a nonce of the client's to recognise it by."""

    verify_code: str
    verify_nonce: Annotated[str, Field(min_length=8, max_length=128)]


class PhoneCommitHandler(FluxHandler):
    """Sends a code to a number."""

    @operation(body=NumberBody, limits=(BY_CLIENT, BY_NUMBER), returns=Okay)
    async def post(self, body: NumberBody) -> Document:
        """Send a new code; it is stored first, since it may arrive before the gateway answers."""
        lifetime = self.services.settings.flux_sms_ttl
        code = await self.stores.phones.expect(body.phone_number, lifetime)
        await self.services.sms.send(body.phone_number, f"Your code is {code}. Nobody else needs to know it.")
        return {"status": "okay"}


class PhoneVerifyHandler(FluxHandler):
    """Checks a code."""

    @operation(body=CodeBody, returns=Okay | Sorry)
    async def post(self, body: CodeBody) -> Document:
        """Accept the right code in time and within few tries; clients look for `error` in a 200."""
        right = await self.stores.phones.verify(
            body.phone_number,
            body.verify_code,
            body.verify_nonce,
            self.services.settings.flux_sms_attempts,
        )
        return {"status": "okay"} if right else {"error": WRONG}


def read_claim(
    body: Mapping[str, Any], fields: Mapping[str, Any], phones: Phones, lifetime: int
) -> Claim | None:
    """Return what uses up the nonce that a registration brings, or None without one; raises Invalid."""
    if NONCE not in body:
        return None
    nonce = body[NONCE]
    if not isinstance(nonce, str):
        raise Invalid.field(NONCE, "is not a text")
    try:
        number = normal_number(fields.get("contact_number", ""))
    except ValueError:
        raise Invalid.field(NONCE, "goes with a contact_number that it was given for") from None
    return partial(phones.claim, number, nonce, lifetime)


ROUTES = (
    Route("/api/v1/app_rego/phone_commit", PhoneCommitHandler),
    Route("/api/v1/app_rego/phone_verify", PhoneVerifyHandler),
)
