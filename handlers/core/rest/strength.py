"""What a new password must be: long enough, not among the common ones, more than digits."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator

SHORTEST = 8  # characters
SHORT = f"This password is too short. It must contain at least {SHORTEST} characters."
COMMON = "This password is too common."
NUMERIC = "This password is entirely numeric."
# The lists hold each word once, under what it is most often: a name that is a password, too, is a name there.
LISTS = {
    "passwords": 10_000,
    "female_names": 1_500,
    "male_names": 800,
    "surnames": 1_100,
    "english_wikipedia": 2_500,
    "us_tv_and_film": 2_000,
}
ROWS = ("01234567890123456789", "qwertyuiop", "asdfghjkl", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz")


def check_password(longest: int | None = None) -> Callable[[str], Iterable[str]]:
    """Make the check of a new password; about one that is longer than `longest` it says nothing."""

    def check(value: str) -> Iterator[str]:
        if longest is not None and len(value) > longest:
            return
        if len(value) < SHORTEST:
            yield SHORT
        if is_common(value.lower()):
            yield COMMON
        if value.isdigit():
            yield NUMERIC

    return check


def is_common(word: str) -> bool:
    """Tell whether a lower-cased password is among those that are tried first."""
    return word in common_words() or is_pattern(word)


def is_pattern(word: str) -> bool:
    """Tell whether a password is one short piece again and again, or a run of a row of keys."""
    repeated = any(word == word[:size] * (len(word) // size) for size in (1, 2, 3, 4) if len(word) > size)
    runs = (row for each in ROWS for row in (each, each[::-1]))
    return repeated or (len(word) > 2 and any(word in row for row in runs))


@functools.cache
def common_words() -> frozenset[str]:
    """Return the words, read at the first question."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(word for name, count in LISTS.items() for word in FREQUENCY_LISTS[name][:count])
