"""Chooses how a page of releases or images is found, so that an index brings it in order or nearly so.

Measured on 2 000 000 releases: passing an index entry that a filter refuses costs 1.7 us, a document 2.5 us,
counting an entry 0.14 us; merging the heads of 200 index ranges costs 2 ms. Beyond about 200 ranges the
database gives up merging and sorts everything, hence the portions here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Self

from storage.comics.matching import both
from storage.driver import Document

Keys = tuple[tuple[str, int], ...]

NEWEST: Keys = (("fetched", -1), ("_id", -1))
# The last fields let conditions on them be answered from the index, without a look at the document.
BY_TIME: Keys = (*NEWEST, ("comic_id", 1), ("pub_date", 1))
BY_COMIC: Keys = (("comic_id", 1), *NEWEST, ("pub_date", 1))
BY_DAY: Keys = (("pub_date", 1), *NEWEST, ("comic_id", 1))
BY_ID: Keys = (("_id", 1),)
AS_STORED: Keys = (("$natural", 1),)

PORTION = 200  # index ranges that one query merges
SHALLOW = 2000  # rows that every portion of a merge may have to bring
LIGHT = 20_000  # releases of the wanted comics that may be passed one by one
MANY_DAYS, MOST_DAYS = 800, 12_000
LEASH, SHORT_LEASH = 250, 30  # milliseconds that a walk may take before the slower but surer way is taken


@dataclass(frozen=True, slots=True)
class Way:
    """One way to find a page: an index and the portions whose rows are merged in order."""

    hint: Keys
    filters: tuple[Document, ...]
    leash: int | None = None  # milliseconds; None: as long as readers may wait
    keys_first: bool = False  # the index holds all that is asked for: look at no document but the page's


@dataclass(frozen=True, slots=True)
class Sought:
    """What a list of releases looks for; comics and days narrow it, besides the filter."""

    filter: Document = field(default_factory=dict)
    comics: tuple[int, ...] | None = None
    weight: int | None = None  # releases of these comics, where all of them keep their number
    days: tuple[date, date] | None = None  # the first and the last publication day, both included
    image_field: str | None = None  # the indexed field of images that a condition is on
    by_image: bool = False
    indexed: bool = True  # some condition is one that an index serves

    def whole(self) -> Document:
        """Return the filter with the comics in it."""
        return both(self.comics_filter(), self.filter)

    def comics_filter(self) -> Document:
        """Return the filter for the comics alone."""
        return one_of("comic_id", self.comics) if self.comics is not None else {}

    def of_comics(self, comics: tuple[int, ...], weight: int | None) -> Self:
        """Seek only what belongs to the comics; their number of releases may be unknown."""
        return replace(self, comics=comics, weight=weight)

    def narrowed(self, further: Document) -> Self:
        """Seek only what passes a further filter, too."""
        return replace(self, filter=both(further, self.filter))


def one_of(name: str, values: Sequence[object]) -> Document:
    """Return the filter for a field with one of the values."""
    return {name: values[0]} if len(values) == 1 else {name: {"$in": list(values)}}


def release_ways(sought: Sought, reach: int, total: int, stored: int) -> Sequence[Way]:
    """List the ways to the first `reach` of `total` releases sought among those stored, best first."""
    whole = sought.whole()
    walk, by_comic = Way(BY_TIME, (whole,)), Way(BY_COMIC, (whole,))
    few_comics = sought.comics is not None and len(sought.comics) <= PORTION
    narrow = few_comics or sought.days is not None
    # Going through the index in order passes reach * among / total documents, sorting takes all that is
    # sought: the smaller one wins.
    among = sought.weight if few_comics and sought.weight is not None else stored
    if sought.by_image and total * total <= reach * among and (sought.image_field or not narrow):
        return sorting_ways(f"images.{sought.image_field}" if sought.image_field else None, whole)
    light = sought.weight is not None and sought.weight <= LIGHT
    if few_comics and (light or sought.days is None or reach > SHALLOW):
        return (by_comic,)
    if sought.days is not None and reach <= SHALLOW:
        return day_ways(sought.days, walk)
    if sought.comics is not None and reach <= SHALLOW:
        return comic_ways(sought, walk)
    return (walk,)


def sorting_ways(indexed: str | None, wanted: Document, *rest: tuple[str, int]) -> Sequence[Way]:
    """List the ways to take all that is wanted and sort it: through an index that may select too much."""
    scan = Way(AS_STORED, (wanted,))
    # Only an index with the order in it can be all that sorting needs.
    return (Way(((indexed, 1), *rest), (wanted,), LEASH, bool(rest)), scan) if indexed else (scan,)


def day_ways(days: tuple[date, date], walk: Way) -> Sequence[Way]:
    """List the ways through publication days: the newest releases first, then day by day."""
    first, last = days
    count = (last - first).days + 1
    if not 0 < count <= MOST_DAYS:
        return (walk,)
    texts = [(first + timedelta(days=number)).isoformat() for number in range(count)]
    merge = Way(BY_DAY, portions("pub_date", texts, walk.filters[0]))
    return (merge,) if count <= MANY_DAYS else (Way(walk.hint, walk.filters, SHORT_LEASH), merge)


def comic_ways(sought: Sought, walk: Way) -> Sequence[Way]:
    """List the ways through many comics: the newest releases first, then comic by comic."""
    assert sought.comics is not None
    merge = Way(BY_COMIC, portions("comic_id", sought.comics, sought.filter))
    # Some of the newest belong to so many comics, unless all of these have ended. Behind a condition on
    # images, each comic's newest match may lie deep, so that merging is no quick way out.
    return (Way(walk.hint, walk.filters, LEASH if sought.by_image else SHORT_LEASH), merge)


def portions(name: str, values: Sequence[object], rest: Document) -> tuple[Document, ...]:
    """Split the values of a field into filters that can each be merged."""
    starts = range(0, len(values), PORTION)
    return tuple(both(one_of(name, values[start : start + PORTION]), rest) for start in starts)


def image_ways(wanted: Document, indexed: str | None, reach: int, total: int, stored: int) -> Sequence[Way]:
    """List the ways to the first `reach` of `total` images wanted among those stored, best first."""
    sort = sorting_ways(indexed, wanted, *BY_ID)
    return sort if total * total <= reach * stored else (Way(BY_ID, (wanted,), SHORT_LEASH), *sort)
