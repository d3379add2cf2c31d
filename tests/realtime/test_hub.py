"""Channels to connections: snapshots, conflation, order, ends. No sockets."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable

import pytest

from realtime.codes import CloseCode
from realtime.connection import Connection
from realtime.fanout import SLICE
from realtime.hub import NOWHERE, Arrival
from realtime.limits import Limits
from realtime.protocol import Subscribed
from tests.realtime.doubles import Bench, Polls, Wire, make_state

INSTANT = Limits(conflation_ms=0)


async def test_subscribing_returns_the_current_state() -> None:
    bench = Bench()
    _, wire = await bench.connect("polls:1")
    assert wire.lines()[-1] == {
        "id": 2,
        "subscribe": {
            "recoverable": True,
            "epoch": "e",
            "offset": 1,
            "publications": [{"data": {"version": 1, "filler": ""}, "offset": 1}],
            "recovered": False,
            "was_recovering": False,
        },
    }


async def test_a_publication_reaches_every_subscriber_as_the_same_bytes() -> None:
    bench = Bench(INSTANT)
    wires = [(await bench.connect("polls:1"))[1] for _ in range(3)]
    bench.hub.publish("polls:1", make_state(2))
    await bench.settle()
    assert [wire.versions() for wire in wires] == [[1, 2]] * 3
    assert len({id(wire.sent[-1]) for wire in wires}) == 1
    assert (bench.hub.publications, bench.hub.deliveries) == (1, 3)


async def test_a_publication_for_nobody_costs_nothing() -> None:
    bench = Bench()
    bench.hub.publish("polls:1", make_state(2))
    await bench.settle()
    assert (bench.hub.publications, bench.hub.channels) == (0, {})


async def test_an_older_or_equal_state_is_not_published() -> None:
    bench = Bench(INSTANT)
    _, wire = await bench.connect("polls:1")
    for offset in (3, 3, 2, 1):
        bench.hub.publish("polls:1", make_state(offset))
        await bench.settle()
    assert wire.versions() == [1, 3]


async def test_unsubscribing_ends_the_deliveries() -> None:
    bench = Bench(INSTANT)
    connection, wire = await bench.connect("polls:1")
    await bench.say(connection, {"id": 3, "unsubscribe": {"channel": "polls:1"}})
    bench.hub.publish("polls:1", make_state(2))
    await bench.settle()
    assert wire.lines()[-1] == {"id": 3, "unsubscribe": {}}
    assert (wire.versions(), bench.hub.subscriptions) == ([1], 0)


async def test_a_connection_that_is_gone_leaves_nothing_behind() -> None:
    bench = Bench()
    connection, _ = await bench.connect("polls:1", "polls:2")
    assert bench.hub.subscriptions == 2
    connection.lost()
    assert (bench.hub.subscriptions, bench.hub.channels, bench.hub.connections) == (0, {}, set())


# Snapshot and stream


async def read_then_register(bench: Bench, connection: Connection) -> Subscribed:
    """The wrong order: what is committed between the two is lost."""
    state = await bench.polls.read("1")
    assert state is not None
    channel = bench.hub._register(connection, "polls:1")
    return bench.hub.admit(Arrival(connection, channel, state, NOWHERE))


async def register_then_read(bench: Bench, connection: Connection) -> Subscribed:
    """The hub's order."""
    return await bench.hub.subscribe(connection, "polls:1")


async def find_gap(
    bench: Bench, subscribe: Callable[[Bench, Connection], Awaitable[Subscribed]], turns: int
) -> int:
    """Subscribe while a write lands `turns` turns of the loop later; return what is missing at the end."""
    connection, wire = await bench.connect()
    bench.polls.gate = asyncio.Event()
    task = asyncio.ensure_future(subscribe(bench, connection))
    committed = make_state(2)
    for _ in range(turns):
        await asyncio.sleep(0)
    bench.polls.states["1"] = committed
    bench.hub.publish("polls:1", committed)
    await asyncio.sleep(0)
    bench.polls.gate.set()
    snapshot = await task
    await bench.settle()
    return 2 - max(snapshot.offset, *wire.versions(), 0)


@pytest.mark.parametrize("turns", range(6))
async def test_a_write_during_the_subscription_is_not_missed(turns: int) -> None:
    assert await find_gap(Bench(INSTANT), register_then_read, turns) == 0


async def test_reading_before_registering_would_miss_a_write() -> None:
    gaps = [await find_gap(Bench(INSTANT), read_then_register, turns) for turns in range(6)]
    assert any(gaps), "the test above could not fail"


async def test_nothing_arrives_before_the_reply_or_twice() -> None:
    bench = Bench(INSTANT)
    connection, wire = await bench.connect()
    bench.polls.gate = asyncio.Event()
    asking = asyncio.ensure_future(bench.say(connection, {"id": 2, "subscribe": {"channel": "polls:1"}}))
    await bench.polls.reading.wait()
    for offset in (2, 3):
        bench.hub.publish("polls:1", make_state(offset))
        await bench.settle()
    assert wire.versions() == []
    bench.polls.gate.set()
    await asking
    bench.hub.publish("polls:1", make_state(4))
    await bench.settle()
    assert wire.versions() == [3, 4]
    assert wire.lines()[1]["subscribe"]["offset"] == 3


async def test_a_state_first_seen_by_one_snapshot_reaches_the_others() -> None:
    bench = Bench(INSTANT)
    _, first = await bench.connect("polls:1")
    bench.polls.states["1"] = make_state(5)
    _, second = await bench.connect("polls:1")
    bench.hub.publish("polls:1", make_state(5))
    await bench.settle()
    assert (first.versions(), second.versions()) == ([1, 5], [5])


async def test_many_subscribers_share_few_reads_that_began_after_they_came() -> None:
    bench = Bench()
    opened = [await bench.connect() for _ in range(300)]
    bench.polls.gate = asyncio.Event()
    command = {"id": 2, "subscribe": {"channel": "polls:1"}}
    early = [asyncio.ensure_future(bench.say(connection, command)) for connection, _ in opened[:150]]
    await bench.polls.reading.wait()
    bench.polls.states["1"] = make_state(2)
    late = [asyncio.ensure_future(bench.say(connection, command)) for connection, _ in opened[150:]]
    await bench.settle()
    assert bench.polls.reads == 1, "one read at a time"
    bench.polls.gate.set()
    await asyncio.gather(*early, *late)
    assert bench.polls.reads == 2
    assert all(max(wire.versions()) == 2 for _, wire in opened[150:])


async def test_a_resubscription_during_a_long_fan_out_gets_nothing_old() -> None:
    bench = Bench(INSTANT)
    everybody = [await bench.connect("polls:1") for _ in range(SLICE + 5)]
    connection, wire = everybody[-1]
    bench.hub.publish("polls:1", make_state(2))
    await everybody[0][1].until(lambda: everybody[0][1].versions() == [1, 2])
    assert wire.versions() == [1], "the first slice is out, the second is not"
    bench.polls.states["1"] = make_state(3)
    bench.hub.unsubscribe(connection, "polls:1")
    snapshot = await bench.hub.subscribe(connection, "polls:1")
    await bench.settle()
    assert (snapshot.offset, wire.versions()) == (3, [1])


async def test_a_read_that_fails_is_a_temporary_error(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    bench.polls.failure = ConnectionError("no primary")
    connection, wire = await bench.connect("polls:1")
    assert wire.lines()[-1]["error"] == {
        "code": 100,
        "message": "internal server error",
        "temporary": True,
    }
    assert (bench.hub.channels, connection.channels) == ({}, {})
    assert "no primary" in caplog.text


async def test_a_read_that_hangs_is_given_up() -> None:
    bench = Bench(Limits(read_seconds=0.01))
    bench.polls.gate = asyncio.Event()
    _, wire = await bench.connect("polls:1")
    assert wire.lines()[-1]["error"]["code"] == 100
    bench.polls.gate.set()
    await bench.settle()


# Conflation


async def test_the_first_state_goes_at_once_and_the_last_one_always() -> None:
    bench = Bench(Limits(conflation_ms=30))
    _, wire = await bench.connect("polls:1")
    for offset in range(2, 12):
        bench.hub.publish("polls:1", make_state(offset))
        await bench.settle()
    assert wire.versions() == [1, 2]
    bench.clock.now += 0.03
    await wire.until(lambda: len(wire.versions()) == 3)
    assert wire.versions() == [1, 2, 11]


async def test_a_quiet_channel_is_not_held_back() -> None:
    bench = Bench(Limits(conflation_ms=50))
    _, wire = await bench.connect("polls:1")
    for offset in (2, 3):
        bench.clock.now += 0.06
        bench.hub.publish("polls:1", make_state(offset))
        await bench.settle()
    assert wire.versions() == [1, 2, 3]


async def test_channels_of_one_turn_go_out_in_one_frame() -> None:
    bench = Bench(INSTANT)
    _, wire = await bench.connect("polls:1", "polls:2")
    before = len(wire.sent)
    bench.hub.publish("polls:1", make_state(2))
    bench.hub.publish("polls:2", make_state(2))
    await bench.settle()
    assert len(wire.sent) == before + 1
    assert [json.loads(line)["push"]["channel"] for line in wire.sent[-1].split(b"\n")] == [
        "polls:1",
        "polls:2",
    ]


# Slow receivers


async def test_a_slow_receiver_skips_to_the_newest_and_holds_up_nobody() -> None:
    bench = Bench(Limits(conflation_ms=0, send_buffer_bytes=500))
    connection, slow = await bench.connect("polls:1")
    _, quick = await bench.connect("polls:1")
    slow.busy = True
    for offset in range(2, 50):
        bench.hub.publish("polls:1", make_state(offset))
        await bench.settle()
    assert (slow.versions(), quick.versions()) == ([1], [1, *range(2, 50)])
    slow.busy = False
    connection.flush()
    assert slow.versions() == [1, 49]
    assert slow.code is None


async def test_what_waits_stays_in_order_behind_a_new_subscription() -> None:
    bench = Bench(INSTANT)
    connection, wire = await bench.connect("polls:1")
    wire.busy = True
    bench.hub.publish("polls:1", make_state(2))
    await bench.settle()
    bench.polls.states["1"] = make_state(3)
    await bench.say(
        connection,
        {"id": 3, "unsubscribe": {"channel": "polls:1"}},
        {"id": 4, "subscribe": {"channel": "polls:1"}},
    )
    bench.hub.publish("polls:1", make_state(4))
    await bench.settle()
    wire.busy = False
    connection.flush()
    assert wire.versions() == [1, 3, 4]


async def test_more_waiting_than_the_bound_closes_with_slow() -> None:
    bench = Bench(Limits(send_buffer_bytes=1000))
    connection, wire = await bench.connect()
    wire.busy = True
    for number in itertools.count(2):
        await bench.say(connection, {"id": number, "rpc": {"method": "time"}})
        if wire.code is not None:
            break
    assert (wire.code, bench.hub.slow_disconnects, number < 40) == (CloseCode.SLOW, 1, True)


# Ends


async def test_a_deleted_object_ends_its_subscriptions() -> None:
    bench = Bench()
    connection, wire = await bench.connect("polls:1")
    bench.hub.publish("polls:1", None)
    await bench.settle()
    assert wire.lines()[-1]["push"]["unsubscribe"]["code"] == 2500
    assert (connection.channels, bench.hub.channels) == ({}, {})


async def test_an_object_deleted_during_the_subscription_is_asked_for_again() -> None:
    bench = Bench()
    connection, wire = await bench.connect()
    bench.polls.gate = asyncio.Event()
    asking = asyncio.ensure_future(bench.say(connection, {"id": 2, "subscribe": {"channel": "polls:1"}}))
    await bench.polls.reading.wait()
    bench.hub.publish("polls:1", None)
    bench.polls.gate.set()
    await asking
    assert wire.lines()[-1]["error"]["code"] == 100
    assert (connection.channels, bench.hub.channels, bench.hub.subscriptions) == ({}, {}, 0)


async def test_a_new_epoch_makes_everybody_subscribe_anew() -> None:
    bench = Bench(INSTANT)
    connection, wire = await bench.connect("polls:1")
    bench.polls.states["1"] = make_state(1, epoch="new")
    bench.hub.publish("polls:1", bench.polls.states["1"])
    await bench.settle()
    assert wire.lines()[-1]["push"]["unsubscribe"]["code"] == 2500
    await bench.say(connection, {"id": 3, "subscribe": {"channel": "polls:1"}})
    bench.hub.publish("polls:1", make_state(2, epoch="new"))
    await bench.settle()
    assert wire.versions() == [1, 1, 2]


async def test_a_resync_brings_what_was_missed_and_ends_what_is_gone() -> None:
    bench = Bench(INSTANT)
    _, wire = await bench.connect("polls:1", "polls:2")
    bench.polls.states = {"1": make_state(9)}
    await bench.hub.resync()
    await bench.settle()
    pushes = {line["push"]["channel"]: line["push"] for line in wire.lines() if "push" in line}
    assert pushes["polls:1"]["pub"]["offset"] == 9
    assert pushes["polls:2"]["unsubscribe"]["code"] == 2500


async def test_a_resync_that_cannot_read_says_so() -> None:
    bench = Bench()
    await bench.connect("polls:1")
    bench.polls.failure = ConnectionError("no primary")
    with pytest.raises(ExceptionGroup):
        await bench.hub.resync()


async def test_disconnecting_picks_by_identity() -> None:
    bench = Bench()
    wires = {}
    for user in ("7", "8", ""):
        connection, wires[user] = bench.open()
        await bench.say(connection, {"id": 1, "connect": {"token": f"user:{user}" if user else ""}})
    await bench.hub.disconnect(lambda who: who.user == "7", CloseCode.FORCED)
    assert {user: wire.code for user, wire in wires.items()} == {"7": 3503, "8": None, "": None}


async def test_shutdown_closes_everybody_and_takes_nobody_in() -> None:
    bench = Bench()
    connection, wire = await bench.connect("polls:1")
    stopping = asyncio.ensure_future(bench.hub.shutdown())
    await wire.until(lambda: wire.code is not None)
    connection.lost()
    await stopping
    _, late = bench.open()
    assert (wire.code, late.code) == (CloseCode.SHUTDOWN, CloseCode.SHUTDOWN)


async def test_a_full_hub_turns_connections_away() -> None:
    bench = Bench(Limits(max_connections=1))
    first, _ = bench.open()
    refused, wire = bench.open()
    assert wire.code == CloseCode.CONNECTION_LIMIT
    refused.lost()
    first.lost()
    _, again = bench.open()
    assert again.code is None


def test_polls_of_the_tests_are_a_namespace() -> None:
    from realtime.channels import StateNamespace, channel_name

    space: StateNamespace = Polls()
    assert channel_name(space, "1") == "polls:1"
    assert Wire().versions() == []
