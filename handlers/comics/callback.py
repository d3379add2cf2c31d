"""Names of JSONP callbacks: only what is a place in JavaScript, since it is repeated to whoever asks."""

from __future__ import annotations

import re
import unicodedata

from handlers.core.errors import Malformed

STARTS = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nl"})
GOES_ON = STARTS | {"Mn", "Mc", "Nd", "Pc"}
RESERVED = frozenset(
    {
        *("abstract", "boolean", "break", "byte", "case", "catch", "char", "class", "const", "continue"),
        *("debugger", "default", "delete", "do", "double", "else", "enum", "export", "extends", "false"),
        *("final", "finally", "float", "for", "function", "goto", "if", "implements", "import", "in"),
        *("instanceof", "int", "interface", "let", "long", "native", "new", "null", "package", "private"),
        *("protected", "public", "return", "short", "static", "super", "switch", "synchronized", "this"),
        *("throw", "throws", "transient", "true", "try", "typeof", "var", "void", "volatile", "while"),
        *("with", "yield"),
    }
)
_INDEXES = re.compile(r"(\[[0-9]+\])*", re.ASCII)


def check_callback(name: str) -> None:
    """Refuse what is no dotted path of identifiers, each with indexes or without; raises Malformed."""
    for part in name.split("."):
        identifier, bracket, indexes = part.partition("[")
        if not is_identifier(identifier) or _INDEXES.fullmatch(bracket + indexes) is None:
            raise Malformed("JSONP callback name is invalid.")


def is_identifier(text: str) -> bool:
    """Tell whether a text names something in JavaScript."""
    if not text or text in RESERVED or not (_is_of(text[0], STARTS)):
        return False
    return all(_is_of(character, GOES_ON) for character in text)


def _is_of(character: str, categories: frozenset[str]) -> bool:
    return character in "$_" or unicodedata.category(character) in categories
