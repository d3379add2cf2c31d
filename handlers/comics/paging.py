"""Pages: limit and offset, and the links to the neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from handlers.comics.query import Query
from handlers.comics.values import read_integer
from handlers.core.errors import Malformed

DEFAULT_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list; limit 0 is all that follows the offset."""

    limit: int
    offset: int

    def size(self, total: int) -> int:
        """Return how many objects it shows of a list of `total`."""
        left = max(0, total - self.offset)
        return min(left, self.limit) if self.limit else left

    def meta(self, total: int, path: str, query: Query) -> dict[str, Any]:
        """Describe it; the links keep all other parameters. Keys are sorted."""
        ahead = self.limit and self.offset + self.limit < total
        behind = self.limit and self.offset - self.limit >= 0
        return {
            "limit": self.limit,
            "next": self._link(path, query, self.offset + self.limit) if ahead else None,
            "offset": self.offset,
            "previous": self._link(path, query, self.offset - self.limit) if behind else None,
            "total_count": total,
        }

    def _link(self, path: str, query: Query, offset: int) -> str:
        return f"{path}?{query.replaced(limit=self.limit, offset=offset)}"


def read_page(query: Query) -> Page:
    """Read which part of a list is wanted; raises Malformed."""
    limit = read_count(query, "limit", DEFAULT_LIMIT, "a positive integer")
    return Page(limit, read_count(query, "offset", 0, "an integer"))


def read_count(query: Query, name: str, default: int, wanted: str) -> int:
    """Read a number that is not negative."""
    given = query.last(name)
    if given is None:
        return default
    try:
        number = read_integer(given)
    except Malformed:
        raise Malformed(f"Invalid {name} '{given}' provided. Please provide {wanted}.") from None
    if number < 0:
        raise Malformed(f"Invalid {name} '{given}' provided. Please provide a positive integer >= 0.")
    return number
