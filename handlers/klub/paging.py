"""Pages of lists: `page` and `page_size` in the query, links to the neighbours in the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar
from urllib.parse import parse_qsl, urlencode

from pydantic import BaseModel, ConfigDict, Field

from handlers.core.rest.handler import Refused

USUAL, MOST = 10, 100
LONGEST_NUMBER = 18  # digits
NO_PAGE = {"detail": "Invalid page."}

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Listing(Protocol[T_co]):
    """Something that can be counted and read from anywhere."""

    async def total(self) -> int:
        """Count all."""

    async def window(self, offset: int, limit: int) -> Sequence[T_co]:
        """Read some, in the list's order."""


class PageQuery(BaseModel):
    """Which page of a list, and how long pages are; filters of a list extend it."""

    model_config = ConfigDict(extra="ignore")

    page: str = Field("", description="a number from 1, or `last`")
    page_size: str = Field("", description="at most 100; 10 where it is missing or no number")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list with the addresses of its neighbours."""

    count: int
    next: str | None
    previous: str | None
    results: Sequence[T]


@dataclass(frozen=True, slots=True)
class Place:
    """The address of a list: an absolute URL without its query, and that query."""

    url: str
    query: str

    def page(self, number: int) -> str:
        """Return the address of a page; the first one needs no number."""
        pairs = [pair for pair in parse_qsl(self.query, keep_blank_values=True) if pair[0] != "page"]
        if number > 1:
            pairs.append(("page", str(number)))
        return f"{self.url}?{urlencode(sorted(pairs))}" if pairs else self.url


async def read_page(listing: Listing[T], query: PageQuery, place: Place) -> Page[T]:
    """Read one page; raises Refused (404) where there is no such page."""
    size = read_size(query.page_size)
    count = await listing.total()
    last = max(1, -(-count // size))
    number = last if query.page.strip() == "last" else read_number(query.page)
    if not 1 <= number <= last:
        raise Refused(404, NO_PAGE)
    rows = await listing.window((number - 1) * size, size) if count else ()
    return Page(
        count,
        place.page(number + 1) if number < last else None,
        place.page(number - 1) if number > 1 else None,
        rows,
    )


def read_size(text: str) -> int:
    """Read how long pages are."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()):
        return USUAL
    return min(int(digits[:LONGEST_NUMBER]), MOST) or USUAL


def read_number(text: str) -> int:
    """Read a page's number; 0, which no page has, for what is none."""
    digits = text.strip()
    if not digits:
        return 1
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_NUMBER else 0
