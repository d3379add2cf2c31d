"""Stream channels: every message once, in order, and nothing lost without a word about it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from realtime.channels import Identity, Publication, StateNamespace, StreamNamespace
from realtime.codes import CloseCode
from realtime.connection import Connection
from realtime.fanout import SLICE
from realtime.feed import Lost
from realtime.limits import Limits
from tests.realtime.doubles import Bench, Notes, Polls, Stored, Wire
from tests.realtime.test_feed import Stage

CHANNEL = "notes:1"


class Desk(Bench):
    """A bench with a stream."""

    def __init__(self, limits: Limits | None = None, kept: int = 100) -> None:
        self.notes = Notes(kept)
        super().__init__(limits or Limits(), others=[self.notes])

    def publish(self, size: int = 0) -> Publication:
        """Commit a message and let the feed bring it."""
        said = self.notes.say(size)
        self.hub.publish(CHANNEL, said)
        return said

    async def subscribe(self, connection: Connection, **position: Any) -> None:
        """Ask for the channel."""
        await self.say(connection, {"id": 9, "subscribe": {"channel": CHANNEL, **position}})

    async def away(self, offset: int, epoch: str = "e") -> Wire:
        """Let a client come back that was there at this offset."""
        connection, wire = await self.connect()
        await self.subscribe(connection, recover=True, offset=offset, epoch=epoch)
        return wire


def answer(wire: Wire) -> Mapping[str, Any]:
    """Return the result of the last subscription."""
    result: Mapping[str, Any] = [line["subscribe"] for line in wire.lines() if "subscribe" in line][-1]
    return result


def test_the_two_kinds_of_namespaces_are_told_apart() -> None:
    polls: StateNamespace = Polls()
    notes: StreamNamespace = Notes()
    assert isinstance(notes, StreamNamespace)
    assert not isinstance(polls, StreamNamespace)


async def test_a_subscriber_hears_every_message_once_in_order() -> None:
    desk = Desk()
    desk.notes.say()
    _, wire = await desk.connect(CHANNEL)
    assert answer(wire) == {
        "recoverable": True,
        "epoch": "e",
        "offset": 1,
        "publications": [],
        "recovered": False,
        "was_recovering": False,
    }
    for _ in range(3):
        desk.publish()
    desk.hub.publish(CHANNEL, desk.notes.said[2])
    await desk.settle()
    assert wire.versions() == [2, 3, 4]


async def test_messages_of_one_turn_share_a_frame_and_replace_nothing() -> None:
    desk = Desk()
    _, wire = await desk.connect(CHANNEL)
    frames = len(wire.sent)
    for _ in range(5):
        desk.publish()
    await desk.settle()
    assert (wire.versions(), len(wire.sent)) == ([1, 2, 3, 4, 5], frames + 1)


async def test_a_burst_over_the_bound_is_no_reason_to_close_who_reads() -> None:
    desk = Desk(Limits(send_buffer_bytes=2000))
    _, reading = await desk.connect(CHANNEL)
    _, slow = await desk.connect(CHANNEL)
    slow.busy = True
    for _ in range(10):
        desk.publish(400)
    await desk.settle()
    await desk.hub.settle()
    assert (reading.versions(), reading.code) == ([*range(1, 11)], None)
    assert (slow.versions(), slow.code) == ([], CloseCode.SLOW)


@pytest.mark.parametrize("turns", range(6))
@pytest.mark.parametrize("recover", [False, True])
async def test_a_message_during_the_subscription_is_neither_lost_nor_doubled(
    turns: int, recover: bool
) -> None:
    desk = Desk()
    desk.notes.say()
    connection, wire = await desk.connect()
    desk.notes.gate = asyncio.Event()
    position = {"recover": True, "epoch": "e", "offset": 1} if recover else {}
    asking = asyncio.ensure_future(desk.subscribe(connection, **position))
    for _ in range(turns):
        await asyncio.sleep(0)
    desk.publish()
    await asyncio.sleep(0)
    assert wire.versions() == []
    desk.notes.gate.set()
    await asking
    desk.publish()
    await desk.settle()
    heard = wire.versions()
    assert answer(wire)["offset"] in {1, 2}
    assert heard == ([2, 3] if recover or answer(wire)["offset"] == 1 else [3])


async def test_a_message_that_a_read_saw_before_the_feed_is_not_repeated() -> None:
    desk = Desk()
    _, first = await desk.connect(CHANNEL)
    said = desk.notes.say()
    _, second = await desk.connect(CHANNEL)
    desk.hub.publish(CHANNEL, said)
    desk.publish()
    await desk.settle()
    assert (first.versions(), second.versions()) == ([1, 2], [2])


async def test_a_client_that_was_away_gets_what_it_missed() -> None:
    desk = Desk()
    for _ in range(4):
        desk.notes.say()
    wire = await desk.away(2)
    assert wire.versions() == [3, 4]
    assert (answer(wire)["recovered"], answer(wire)["was_recovering"]) == (True, True)
    desk.publish()
    await desk.settle()
    assert wire.versions() == [3, 4, 5]


async def test_those_who_come_back_together_share_their_reads() -> None:
    desk = Desk()
    desk.notes.say()
    opened = [await desk.connect() for _ in range(50)]
    desk.notes.gate = asyncio.Event()
    asking = [
        asyncio.ensure_future(desk.subscribe(connection, recover=True, epoch="e", offset=0))
        for connection, _ in opened
    ]
    await desk.notes.reading.wait()
    desk.notes.gate.set()
    await asyncio.gather(*asking)
    assert [wire.versions() for _, wire in opened] == [[1]] * 50
    assert len(desk.notes.spans) <= 2


@pytest.mark.parametrize(("offset", "epoch"), [(1, "e"), (9, "e"), (4, "old")])
async def test_a_position_that_is_not_kept_is_said_to_be_lost(offset: int, epoch: str) -> None:
    desk = Desk(kept=2)
    for _ in range(4):
        desk.notes.say()
    wire = await desk.away(offset, epoch)
    result = answer(wire)
    assert (result["recovered"], result["was_recovering"], result["publications"]) == (False, True, [])
    assert (result["epoch"], result["offset"]) == ("e", 4)


async def test_more_than_a_reply_can_hold_counts_as_lost() -> None:
    desk = Desk(Limits(send_buffer_bytes=2000))
    for _ in range(4):
        desk.notes.say(400)
    assert not answer(await desk.away(0))["recovered"]
    assert (await desk.away(2)).versions() == [3, 4]


async def test_a_gap_in_the_feed_ends_the_subscriptions_and_recovery_fills_it() -> None:
    desk = Desk()
    connection, wire = await desk.connect(CHANNEL)
    desk.publish()
    await desk.settle()
    desk.notes.say()
    desk.publish()
    await desk.settle()
    assert wire.lines()[-1]["push"]["unsubscribe"]["code"] == 2500
    await desk.subscribe(connection, recover=True, epoch="e", offset=1)
    desk.publish()
    await desk.settle()
    assert wire.versions() == [1, 2, 3, 4]


async def test_a_gap_during_the_subscription_is_asked_again() -> None:
    desk = Desk()
    connection, wire = await desk.connect()
    desk.notes.gate = asyncio.Event()
    asking = asyncio.ensure_future(desk.subscribe(connection))
    await desk.notes.reading.wait()
    desk.notes.say()
    desk.publish()
    desk.notes.gate.set()
    await asking
    assert wire.lines()[-1]["error"] == {"code": 100, "message": "internal server error", "temporary": True}
    assert (connection.channels, desk.hub.channels, desk.hub.subscriptions) == ({}, {}, 0)


async def test_another_epoch_ends_the_subscriptions() -> None:
    desk = Desk()
    _, wire = await desk.connect(CHANNEL)
    desk.hub.publish(CHANNEL, Publication("new", 1, b"{}"))
    await desk.settle()
    assert wire.lines()[-1]["push"]["unsubscribe"]["code"] == 2500


async def test_a_lost_thread_of_changes_ends_the_subscriptions_of_streams() -> None:
    stage = Stage(Desk())
    _, wire = await stage.bench.connect(CHANNEL)
    other = await stage.play(Lost())
    assert wire.lines()[-1]["push"]["unsubscribe"] == {"code": 2500, "reason": "insufficient state"}
    assert "push" not in other.lines()[-1], "a state channel goes on"


async def test_the_feed_brings_messages_to_their_channels() -> None:
    desk = Desk()
    stage = Stage(desk)
    _, wire = await desk.connect(CHANNEL)
    desk.notes.say()
    await stage.play(Stored("notes", "insert", "1", {"offset": 1}))
    assert wire.versions() == [1]


async def test_a_slow_receiver_is_closed_rather_than_skipped() -> None:
    desk = Desk(Limits(send_buffer_bytes=2000))
    _, slow = await desk.connect(CHANNEL)
    _, quick = await desk.connect(CHANNEL)
    slow.busy = True
    for _ in range(6):
        desk.publish(400)
        await desk.settle()
    assert (slow.code, slow.versions()) == (CloseCode.SLOW, [])
    assert (quick.code, quick.versions()) == (None, [1, 2, 3, 4, 5, 6])


async def test_what_waits_for_a_busy_socket_stays_whole_and_in_order() -> None:
    desk = Desk()
    connection, wire = await desk.connect(CHANNEL)
    wire.busy = True
    for _ in range(4):
        desk.publish()
        await desk.settle()
    wire.busy = False
    connection.flush()
    assert wire.versions() == [1, 2, 3, 4]


async def test_a_return_during_a_long_fan_out_gets_nothing_twice() -> None:
    desk = Desk()
    everybody = [await desk.connect(CHANNEL) for _ in range(SLICE + 5)]
    connection, wire = everybody[-1]
    desk.publish()
    await everybody[0][1].until(lambda: everybody[0][1].versions() == [1])
    assert wire.versions() == [], "the first slice is out, the second is not"
    desk.hub.unsubscribe(connection, CHANNEL)
    await desk.subscribe(connection, recover=True, epoch="e", offset=0)
    desk.publish()
    await desk.settle()
    assert wire.versions() == [1, 2]


async def test_subscriptions_of_the_connect_request_hear_nothing_before_its_reply() -> None:
    desk = Desk()
    connection, wire = desk.open()
    desk.polls.gate = asyncio.Event()
    subs = {CHANNEL: {"recover": True, "epoch": "e", "offset": 0}, "polls:1": {}}
    opening = asyncio.ensure_future(desk.say(connection, {"id": 1, "connect": {"subs": subs}}))
    await desk.polls.reading.wait()
    desk.publish()
    await desk.settle()
    assert wire.sent == []
    desk.polls.gate.set()
    await opening
    (reply,) = wire.lines()
    assert [each["offset"] for each in reply["connect"]["subs"][CHANNEL]["publications"]] == [1]


# History


async def ask(desk: Desk, **request: Any) -> dict[str, Any]:
    """Ask for history; return the reply's offsets, or the error's code."""
    connection, wire = await desk.connect()
    await desk.say(connection, {"id": 5, "history": {"channel": CHANNEL, **request}})
    return wire.lines()[-1]


@pytest.mark.parametrize(
    ("request_", "offsets"),
    [
        ({}, []),
        ({"limit": 0}, []),
        ({"limit": 2}, [1, 2]),
        ({"limit": -1}, [1, 2, 3, 4]),
        ({"limit": 1 << 63}, [1, 2, 3, 4]),
        ({"limit": 2, "reverse": True}, [4, 3]),
        ({"limit": 2, "since": {"offset": 1, "epoch": "e"}}, [2, 3]),
        ({"limit": -1, "since": {"offset": 4, "epoch": "e"}}, []),
        ({"limit": 9, "since": {"offset": 3, "epoch": "e"}, "reverse": True}, [2, 1]),
    ],
)
async def test_history_is_read_in_parts(request_: dict[str, Any], offsets: list[int]) -> None:
    desk = Desk()
    for _ in range(4):
        desk.notes.say()
    result = (await ask(desk, **request_))["history"]
    assert [each["offset"] for each in result["publications"]] == offsets
    assert (result["epoch"], result["offset"]) == ("e", 4)


@pytest.mark.parametrize("since", [{"offset": 1, "epoch": "e"}, {"offset": 3, "epoch": "old"}, {}])
async def test_history_from_a_lost_position_is_unrecoverable(since: dict[str, Any]) -> None:
    desk = Desk(kept=2)
    for _ in range(4):
        desk.notes.say()
    assert (await ask(desk, limit=5, since=since))["error"]["code"] == 112


async def test_history_stops_where_a_reply_is_full() -> None:
    desk = Desk(Limits(send_buffer_bytes=2000))
    for _ in range(4):
        desk.notes.say(400)
    result = (await ask(desk, limit=-1))["history"]
    assert ([each["offset"] for each in result["publications"]], result["offset"]) == ([1, 2], 4)


@pytest.mark.parametrize("bad", [{"limit": "9"}, {"reverse": 1}, {"since": 5}, {"since": {"offset": -1}}])
async def test_malformed_history_requests_are_refused(bad: dict[str, Any]) -> None:
    assert (await ask(Desk(), **bad))["error"]["code"] == 107


async def test_history_is_for_those_who_may_subscribe() -> None:
    desk = Desk()
    connection, wire = await desk.connect()
    await desk.say(connection, {"id": 5, "history": {"channel": "notes:private", "limit": 1}})
    assert wire.lines()[-1]["error"]["code"] == 103


# Revocation, seen from the hub


async def test_what_is_revoked_while_it_is_looked_at_opens_nothing() -> None:
    looking, decide = asyncio.Event(), asyncio.Event()

    async def recognise(_: object) -> Identity:
        looking.set()
        await decide.wait()
        return Identity("7")

    desk = Desk()
    desk.dialogue._authenticate = recognise
    connection, wire = desk.open()
    opening = asyncio.ensure_future(desk.say(connection, {"id": 1, "connect": {}}))
    await looking.wait()
    await desk.hub.revoke(lambda who: who.user == "7")
    decide.set()
    await opening
    assert (wire.code, wire.sent) == (CloseCode.FORCED, [])


async def test_a_namespace_of_one_channel_stands_beside_one_with_the_same_beginning() -> None:
    updates = Notes()
    updates.name, updates.boundary = "polls:news", ""
    bench = Bench(others=[updates])
    _, wire = await bench.connect("polls:news", "polls:1")
    bench.hub.publish("polls:news", updates.say())
    await bench.settle()
    assert wire.lines()[-1]["push"] == {
        "channel": "polls:news",
        "pub": {"data": {"version": 1, "filler": ""}, "offset": 1},
    }
