"""How long ago something was."""

from __future__ import annotations

import pytest

from handlers.pybossa.objects import tell_age
from storage.pybossa.people import write_moment

NOW = 1_700_000_000.0
HOUR, DAY = 3600, 86_400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0, "just now"), (9, "just now"), (10, "10 seconds ago"), (59, "59 seconds ago")),
        *((60, "a minute ago"), (119, "a minute ago"), (120, "2 minutes ago"), (HOUR - 1, "59 minutes ago")),
        *((HOUR, "an hour ago"), (2 * HOUR - 1, "an hour ago"), (2 * HOUR, "2 hours ago")),
        *((DAY - 1, "23 hours ago"), (DAY, "Yesterday"), (2 * DAY - 1, "Yesterday")),
        *((2 * DAY, "2 days ago"), (7 * DAY - 1, "6 days ago"), (7 * DAY, "1 weeks ago")),
        *((30 * DAY, "4 weeks ago"), (31 * DAY, "1 month ago"), (59 * DAY, "1 month ago")),
        *((60 * DAY, "2 months ago"), (364 * DAY, "12 months ago"), (365 * DAY, "1 year ago")),
        *((729 * DAY, "1 year ago"), (730 * DAY, "2 years ago"), (-1, ""), (-DAY, "")),
    ],
)
def test_an_age_in_words(seconds: int, text: str) -> None:
    assert tell_age(write_moment(NOW - seconds), NOW) == text


def test_what_is_no_moment_has_no_age() -> None:
    assert tell_age("long ago", NOW) == ""
