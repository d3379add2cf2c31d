"""How these dialects refuse, as their documents show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, RootModel

from handlers.core.about import Call, Refusal
from handlers.core.rest.fields import REQUIRED
from handlers.core.rest.words import NOT_PROVIDED, WHOLE


class Detail(BaseModel):
    """One sentence."""

    detail: str


class FieldReasons(RootModel[dict[str, list[Any] | dict[str, Any] | str]]):
    """Every bad field with its reasons; those of nested objects are nested."""


class Nothing(BaseModel):
    """An empty object."""


NOT_JSON = "JSON parse error - Expecting value: line 1 column 1 (char 0)"
NOT_AN_OBJECT = "Invalid data. Expected a dictionary, but got list."


def say(meaning: str, *sentences: str, headers: tuple[str, ...] = ()) -> Refusal:
    """Describe a refusal of one sentence, or of one of several."""
    bodies = {f"case {number}": {"detail": text} for number, text in enumerate(sentences, 1)}
    return Refusal(meaning, Detail, bodies, headers)


BAD_HOST = say("The Host header names somebody else.", "Invalid host.")
BAD_FIELDS = Refusal(
    "The body is unreadable, or fields with their reasons, all of them together.",
    FieldReasons | Detail,
    {
        "fields": {"email": ["Enter a valid email address."], "name": [REQUIRED]},
        "no object": {WHOLE: [NOT_AN_OBJECT]},
        "unreadable": {"detail": NOT_JSON},
    },
)
BAD_QUERY = Refusal(
    "Fields of the query with their reasons.", FieldReasons, {"fields": {"page": ["Enter a number."]}}
)
ANONYMOUS = say("There is no credential.", NOT_PROVIDED)
NOT_FOUND = say("It does not exist, or is not for the caller to know of.", "Not found.")
TOO_LARGE = say("The body is too large.", "The request body is larger than 1048576 bytes.")
BAD_TYPE = say("Bodies of this type are not read.", 'Unsupported media type "text/plain" in request.')
OFTEN = say(
    "Too often.", "Request was throttled. Expected available in 30 seconds.", headers=("Retry-After",)
)
AWAY = say("Not now.", "Service temporarily unavailable, try again later.", headers=("Retry-After",))


def refuse_inputs(call: Call) -> Mapping[int, Refusal]:
    """Say how a call refuses what it is sent, whoever calls."""
    found = {400: BAD_HOST if call.operation.query is None else BAD_QUERY, 503: AWAY}
    if call.segments:
        found[404] = NOT_FOUND
    if call.takes is not None:
        found |= {400: BAD_FIELDS, 413: TOO_LARGE, 415: BAD_TYPE}
    if call.operation.limits:
        found[429] = OFTEN
    return found
