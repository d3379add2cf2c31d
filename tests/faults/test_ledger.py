"""The books themselves: what must not happen is noticed."""

from __future__ import annotations

import pytest

from tests.faults.ledger import Ledger, find_faults


def open_ledger(channel: str = "feed:updates") -> Ledger:
    """Return the books of somebody who is subscribed at offset 3."""
    ledger = Ledger(channel)
    ledger.welcome({"epoch": "e", "offset": 3, "recovered": False})
    return ledger


@pytest.mark.parametrize(
    ("channel", "offsets", "faults"),
    [
        ("feed:updates", [4, 5, 6], 0),
        ("feed:updates", [4, 6], 1),
        ("feed:updates", [4, 4], 1),
        ("polls:1", [4, 9], 0),
        ("polls:1", [4, 4], 1),
        ("polls:1", [9, 4], 1),
    ],
)
def test_gaps_and_repetitions_are_faults(channel: str, offsets: list[int], faults: int) -> None:
    ledger = open_ledger(channel)
    for offset in offsets:
        ledger.take({"offset": offset, "data": {}})
    assert len([*find_faults([ledger])]) == faults


def test_a_recovery_has_to_bring_everything() -> None:
    ledger = open_ledger()
    missed = [{"offset": 5, "data": {}}]
    ledger.welcome({"epoch": "e", "offset": 5, "recovered": True, "publications": missed})
    assert [*find_faults([ledger])] == ["feed:updates: 5 came after 3 (subscribed 2, recovered 1, told 0)"]


def test_what_is_told_to_be_missing_is_no_fault() -> None:
    ledger = open_ledger()
    ledger.welcome({"epoch": "new", "offset": 1, "recovered": False})
    assert ([*find_faults([ledger])], ledger.told, ledger.offset) == ([], 1, 1)
