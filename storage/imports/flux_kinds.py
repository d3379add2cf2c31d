"""The members' dialect's collections whose rows are stored as they come: their fields and keys."""

from __future__ import annotations

from typing import Any

from storage.database import Index, index
from storage.imports.reading import Kind
from storage.imports.shapes import (
    Absent,
    Field,
    Shape,
    anything,
    date,
    each,
    flag,
    is_whole,
    maybe,
    moment,
    number,
    reference,
    second,
    text,
    whole,
)
from storage.phones import normal_number

# Collections that no store declares.
INDEXES: tuple[Index, ...] = (
    index("credits", "desc", "uid", unique=True),
    index("generic_queues", "queue_enum", "sent"),
)
POSTCODE_DIGITS = 4


def filled(value: Any) -> str:
    """Read a text that is not empty."""
    if not (content := text(value)):
        raise ValueError("is empty")
    return content


def name_or_nothing(value: Any) -> str | type[Absent]:
    """Read a text that has to be unique; an empty one is none."""
    return text(value) or Absent


def postcode(value: Any) -> str:
    """Read a postcode; a number has lost its leading zeros."""
    return text(value).zfill(POSTCODE_DIGITS) if is_whole(value) else text(value)


def amount(value: Any) -> int | float:
    """Read an amount of money, also from a text."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise ValueError("is not a number") from None
    return 0 if value is None else number(value)


def phone(value: Any) -> str:
    """Read a phone number in its one spelling."""
    return normal_number(text(value))


def lower(value: Any) -> str:
    """Read a text in lower case."""
    return filled(value).lower()


def upper(value: Any) -> str:
    """Read a text in upper case."""
    return filled(value).upper()


PERSON = Field(reference)
PLACE: Shape = {"country": Field(lower, "au"), "postcode": Field(postcode)}
QUEUED: Shape = {"sent": Field(flag, False), "tries": Field(whole, 0)}

KINDS = (
    Kind("db_meta", {"id": Field(whole), "version": Field(number)}, keys=(("id",),)),
    Kind("suburbs", {**PLACE, "suburbs": Field(each(upper))}, keys=(("country", "postcode"),)),
    Kind(
        "streets",
        {**PLACE, "suburb": Field(upper), "streets": Field(each(upper))},
        keys=(("country", "postcode", "suburb"),),
    ),
    Kind(
        "login_tokens",
        {"user_id": PERSON, "token": Field(filled), "expiry": Field(second), "used": Field(flag, False)},
        keys=(("user_id",), ("token",)),
        people=("user_id",),
        once=True,
        addressed=True,
    ),
    Kind(
        "login_codes",
        {"user_id": PERSON, "code": Field(filled), "expiry": Field(second), "used": Field(flag, False)},
        people=("user_id",),
        once=True,
    ),
    Kind(
        "sms_verifications",
        {
            "phone_number": Field(phone),
            "verify_code": Field(filled),
            "attempts": Field(whole, 0),
            "succeeded": Field(flag, False),
            "created": Field(second, 0),
            "expiry": Field(second, 0),
            "used_by": Field(maybe(reference), None),
        },
        keys=(("phone_number",),),
        people=("used_by",),
        once=True,
    ),
    Kind(
        "email_validation",
        {
            "user_id": PERSON,
            "validation_token": Field(filled),
            "success": Field(flag, False),
            "sent_at": Field(second, 0),
        },
        keys=(("validation_token",),),
        people=("user_id",),
        once=True,
        addressed=True,
    ),
    Kind(
        "call_log",
        {
            "call_id": Field(whole),
            "user_id": PERSON,
            "caller_id": Field(maybe(reference), None),
            "handed_out": Field(second),
            "reported": Field(maybe(second), None),
            "answered": Field(maybe(flag), None),
            "do_not_call": Field(maybe(flag), None),
            "comment": Field(maybe(text), None),
        },
        keys=(("call_id",),),
        people=("user_id", "caller_id"),
        nullable=frozenset({"caller_id"}),
        numbered="call_id",
    ),
    Kind(
        "notify_queue",
        {"s": Field(filled), "timestamp": Field(moment), "sent": Field(flag, False)},
        secret="s",  # noqa: S106
    ),
    Kind("email_queue", QUEUED),
    Kind("sms_queue", QUEUED),
    Kind(
        "generic_queues",
        {
            **QUEUED,
            "queue_enum": Field(anything),
            "options": Field(anything, {}),
            "in_progress": Field(flag, False),
            "send_log": Field(anything, []),
        },
    ),
    Kind(
        "donations",
        {"id": Field(name_or_nothing, Absent), "amount": Field(amount, 0), "ts": Field(second, 0)},
        keys=(("id",),),
    ),
    Kind(
        "credits",
        {"desc": Field(text), "uid": Field(maybe(reference), None), "count": Field(whole, 0)},
        keys=(("desc", "uid"),),
        people=("uid",),
    ),
    Kind("errors", {"name": Field(text, ""), "message": Field(text, ""), "ts": Field(moment)}),
    Kind("address_queue", {"user_id": PERSON, "issue_location": Field(text, "")}, people=("user_id",)),
    Kind("log", {"action": Field(filled), "data": Field(anything, {}), "ts": Field(moment, 0)}),
    Kind("rate_limits", {"count": Field(whole), "expires": Field(date)}),
)
