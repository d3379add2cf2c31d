"""The query string: decoded once, of a repeated parameter the last one counts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from string import printable
from urllib.parse import parse_qsl, quote, urlencode

from handlers.core.errors import Malformed


class Query:
    """The parameters of a request, in their order."""

    def __init__(self, text: str) -> None:
        # Bytes that a client forgot to encode arrive as Latin-1.
        self.text = text if text.isascii() else quote(text.encode("latin-1", "replace"), safe=printable)

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """Return the parameters; what is no UTF-8 is replaced until `check` refuses it."""
        return parse_qsl(self.text, keep_blank_values=True)

    @cached_property
    def _last(self) -> dict[str, str]:
        return dict(self.pairs)

    def __iter__(self) -> Iterator[str]:
        """Go through the different names."""
        return iter(self._last)

    def last(self, name: str) -> str | None:
        """Return the value that counts."""
        return self._last.get(name)

    def all(self, name: str) -> list[str]:
        """Return every value of a name."""
        return [value for key, value in self.pairs if key == name]

    def replaced(self, **values: int) -> str:
        """Return the query string with other values for some names, each given once."""
        kept = [(name, value) for name, value in self.pairs if name not in values]
        return urlencode([*kept, *values.items()])

    def check(self) -> None:
        """Refuse what is no UTF-8; raises Malformed."""
        try:
            parse_qsl(self.text, keep_blank_values=True, errors="strict")
        except UnicodeDecodeError:
            raise Malformed("The query is not valid UTF-8.") from None
