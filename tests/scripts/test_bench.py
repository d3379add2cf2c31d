"""The benches of the hub, each so small that only its way is tried: start, seat, publish, count."""

from __future__ import annotations

import shutil

import pytest

from scripts.bench import connections, fanout
from scripts.bench.__main__ import find_benches, read_arguments
from scripts.bench._audience import Heard
from scripts.bench._peers import ON_NODE, find_peers
from scripts.bench.latency import count_skipped, find_delays


def say_nothing(_: str) -> None:
    """Take what a bench tells about its progress."""


async def test_the_fan_out_is_counted_for_every_peer_that_can_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    found = await fanout.run(say_nothing, clients=3, rounds=1, sends=2)
    assert found["left out"] == f"{', '.join(ON_NODE)}: node and npm are needed"
    for mode in fanout.MODES:
        assert found[mode].keys() == find_peers(say_nothing).keys()
        assert min(each["us"] for each in found[mode].values()) > 0


async def test_connections_are_filled_and_told() -> None:
    found = await connections.run(say_nothing, clients=30, publications=2)
    assert (found["clients"], found["publications"]) == (30, 2)
    assert found["receipt"]["p50_ms"] > 0


async def test_a_receipt_before_the_answer_took_no_time_and_a_version_may_be_skipped() -> None:
    heard = Heard()
    heard.moments[2] += [10.0]
    heard.moments[3] += [10.5, 12.0]
    moments = {2: (9.0, 11.0), 3: (10.0, 11.0)}
    assert find_delays(heard, moments, 1) == [0.0, 0.0, 1.0]
    assert count_skipped(heard, moments, 2) == 1
    heard.moments[3].pop()
    with pytest.raises(RuntimeError):
        count_skipped(heard, moments, 2)


@pytest.mark.parametrize(
    ("words", "code"),
    [(["--help"], 0), (["--bogus"], 2), (["nope"], 2), (["clients=3"], 2), (["fanout", "foo=1"], 2)],
)
def test_help_has_an_example_and_wrong_usage_ends_with_2(
    words: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        read_arguments(words, find_benches())
    told = capsys.readouterr()
    assert ended.value.code == code
    assert ("python -m scripts.bench fanout" in told.out) is (code == 0)
    assert ("usage:" in told.err) is (code == 2)


def test_options_belong_to_the_bench_before_them() -> None:
    assert read_arguments(["fanout", "clients=3", "votes"], find_benches()) == {
        "fanout": {"clients": 3},
        "votes": {},
    }
