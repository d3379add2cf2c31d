"""What a deletion removes, an export shows."""

from __future__ import annotations

from storage.disclosure import SHOWN, UNSHOWN
from storage.stores import all_traces


def test_every_trace_is_shown_or_kept_back_for_a_reason() -> None:
    shown = {each.place for kinds in SHOWN.values() for each in kinds}
    traces = {(trace.collection, trace.field) for trace in all_traces()}
    assert traces - shown == UNSHOWN
    assert shown - traces == {("votes", "user_id")}  # a deletion takes votes back step by step
