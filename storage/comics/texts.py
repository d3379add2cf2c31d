"""Text lookups as ranges and patterns; every value is taken literally but that of `regex` and `iregex`."""

from __future__ import annotations

import re

from storage.comics.conditions import Lookup
from storage.driver import Document

LAST_CODE_POINT, SURROGATES = 0x10FFFF, range(0xD800, 0xE000)
IGNORING_CASE = frozenset(
    {Lookup.IEXACT, Lookup.ICONTAINS, Lookup.ISTARTSWITH, Lookup.IENDSWITH, Lookup.IREGEX}
)
# In a pattern, \w, \d and \b go by Unicode, as in the language that readers' patterns come from.
UNICODE = "(*UCP)"


def successor(prefix: str) -> str | None:
    """Return the first text, by code points, behind all that begin with the prefix; None: there is none."""
    for end in range(len(prefix), 0, -1):
        following = ord(prefix[end - 1]) + 1
        if following <= LAST_CODE_POINT:
            following = SURROGATES.stop if following in SURROGATES else following
            return prefix[: end - 1] + chr(following)
    return None


def pattern(lookup: Lookup, value: str) -> str:
    r"""Return the regular expression of a lookup; `\z`, because `$` also stands before a last line feed."""
    match lookup:
        case Lookup.REGEX | Lookup.IREGEX:
            return UNICODE + value
        case Lookup.IEXACT:
            return rf"\A{re.escape(value)}\z"
        case Lookup.STARTSWITH | Lookup.ISTARTSWITH:
            return rf"\A{re.escape(value)}"
        case Lookup.ENDSWITH | Lookup.IENDSWITH:
            return rf"{re.escape(value)}\z"
        case _:
            return re.escape(value)


def options(lookup: Lookup) -> str:
    """Return the options of a lookup's pattern; the engine folds the case of all of Unicode."""
    return "i" if lookup in IGNORING_CASE else ""


def text_test(lookup: Lookup, value: str) -> Document:
    """Return how a stored text is compared."""
    if lookup is Lookup.STARTSWITH:
        behind = successor(value)
        return {"$gte": value} | ({"$lt": behind} if behind is not None else {})
    return {"$regex": pattern(lookup, value), "$options": options(lookup)}
