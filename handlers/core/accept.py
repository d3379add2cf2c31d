"""Reads Accept headers: how welcome a media type is (RFC 9110 section 12.5.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Range = tuple[str, float]  # what is accepted, and how much


def quality(accept: str, type_: str) -> float:
    """Return how welcome a type is, 0 for not at all."""
    return fit(read_ranges(accept), type_)[0]


def fit(ranges: Iterable[Range], type_: str) -> tuple[float, int]:
    """Return how welcome a type is, and how precisely it is named: by the most precise range that fits."""
    fits = [(precision, weight) for name, weight in ranges if (precision := match(name, type_))]
    precision, weight = max(fits, key=lambda found: found[0], default=(0, 0.0))
    return weight, precision


def match(name: str, type_: str) -> int:
    """Tell how precisely a range names a type, 0 where it doesn't."""
    if name == type_:
        return 3
    if name.endswith("/*") and type_.startswith(name[:-1]):
        return 2
    return 1 if name in {"*/*", "*"} else 0


def read_ranges(accept: str) -> Iterator[Range]:
    """Read the ranges of a header with their weights; what is no weight counts as none given."""
    for part in filter(str.strip, accept.lower().split(",")):
        name, *parameters = (each.strip() for each in part.split(";"))
        weights = [each[2:] for each in parameters if each.startswith("q=")]
        try:
            weight = float(weights[0]) if weights else 1.0
        except ValueError:
            weight = 1.0
        yield name, weight if 0 <= weight <= 1 else 1.0
