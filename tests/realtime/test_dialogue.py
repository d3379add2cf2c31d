"""What a client says and is answered. No sockets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.codes import CloseCode
from realtime.limits import Limits
from tests.realtime.doubles import Bench
from tests.realtime.test_protocol import commands


async def test_a_connect_is_answered_with_all_that_a_client_needs() -> None:
    bench = Bench()
    connection, wire = bench.open()
    await bench.say(connection, {"id": 1, "connect": {"token": "user:7:1600"}})
    (reply,) = wire.lines()
    connect = reply["connect"]
    assert connect.pop("client") == connection.client != connect.pop("session")
    assert connect == {
        "version": "folkmoot 0",
        "expires": True,
        "ttl": 600,
        "ping": 25,
        "pong": True,
        "node": bench.hub.node,
        "subs": {},
    }


async def test_an_identity_that_does_not_end_has_no_ttl() -> None:
    bench = Bench()
    connection, wire = bench.open()
    await bench.say(connection, {"id": 1, "connect": {}})
    assert not {"expires", "ttl"} & wire.lines()[0]["connect"].keys()


@pytest.mark.parametrize(
    ("shown", "connect", "user"),
    [
        ({}, {"token": "user:7"}, "7"),
        ({}, {"headers": {"AUTHORIZATION": "user:8"}}, "8"),
        ({"authorization": "user:9"}, {}, "9"),
        ({"authorization": "user:9"}, {"headers": {"Authorization": "user:8"}}, "8"),
        ({"cookies": {"session": "user:5"}}, {}, "5"),
        ({}, {}, ""),
    ],
)
async def test_credentials_come_from_the_connect_or_the_upgrade(
    shown: dict[str, Any], connect: dict[str, Any], user: str
) -> None:
    bench = Bench()
    connection, _ = bench.open(**shown)
    await bench.say(connection, {"id": 1, "connect": connect})
    assert connection.identity is not None
    assert (connection.identity.user, connection.credentials) == (user, None)


async def test_a_bad_credential_closes_and_an_expired_one_is_an_error() -> None:
    bench = Bench()
    connection, wire = bench.open()
    await bench.say(connection, {"id": 1, "connect": {"token": "nonsense"}})
    assert wire.code == CloseCode.INVALID_TOKEN
    for token in ("expired", "user:7:999"):
        connection, wire = bench.open()
        await bench.say(connection, {"id": 1, "connect": {"token": token}})
        assert (wire.lines()[0]["error"]["code"], wire.code) == (109, None)


async def test_a_failure_nobody_foresaw_closes_for_a_retry(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    connection, wire = bench.open()
    await bench.say(connection, {"id": 1, "connect": {"token": "broken"}})
    assert wire.code == CloseCode.INTERNAL
    assert "the database is away" in caplog.text
    caplog.clear()


@pytest.mark.parametrize(
    "first",
    [
        {"id": 1, "subscribe": {"channel": "polls:1"}},
        {"id": 1, "dance": {}},
        {"id": 1, "publish": {}},
        {"id": 1, "subscribe": {}},
        {"send": {}},
    ],
)
async def test_a_first_command_other_than_connect_closes(first: dict[str, Any]) -> None:
    bench = Bench()
    connection, wire = bench.open()
    await bench.say(connection, first)
    assert (wire.code, wire.sent) == (CloseCode.BAD_REQUEST, [])


@pytest.mark.parametrize("second", [{}, {"token": 5}])
async def test_a_second_connect_closes_after_the_first_reply(second: dict[str, Any]) -> None:
    bench = Bench()
    connection, wire = bench.open()
    await bench.say(connection, {"id": 1, "connect": {}}, {"id": 2, "connect": second})
    assert ([line["id"] for line in wire.lines()], wire.code) == ([1], CloseCode.BAD_REQUEST)


async def test_a_malformed_connect_is_an_error_that_may_be_mended() -> None:
    bench = Bench()
    connection, wire = bench.open()
    await bench.say(connection, {"id": 1, "connect": {"token": 5}}, {"id": 2, "connect": {}})
    first, second = wire.lines()
    assert (first["error"]["code"], "connect" in second) == (107, True)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({"subscribe": {"channel": "cats:1"}}, 102),
        ({"subscribe": {"channel": "polls"}}, 102),
        ({"subscribe": {"channel": "polls#1"}}, 102),
        ({"subscribe": {"channel": "polls:404"}}, 102),
        ({"subscribe": {"channel": "polls:\u0000\n"}}, 102),
        ({"subscribe": {"channel": "polls:secret"}}, 103),
        ({"subscribe": {"channel": 7}}, 107),
        ({"publish": {"channel": "polls:1", "data": {}}}, 103),
        ({"sub_refresh": {"channel": "polls:1", "token": "t"}}, 108),
        ({"history": {"channel": "polls:1"}}, 108),
        ({"history": {"channel": "polls:404"}}, 102),
        ({"history": {"channel": "polls:secret"}}, 103),
        ({"presence": {"channel": "polls:1"}}, 103),
        ({"presence_stats": {"channel": "cats:1"}}, 102),
        ({"rpc": {"method": "dance"}}, 104),
        ({"dance": {}}, 104),
    ],
)
async def test_refusals_are_replies(command: dict[str, Any], code: int) -> None:
    bench = Bench()
    connection, wire = await bench.connect()
    await bench.say(connection, {"id": 5} | command)
    assert wire.lines()[-1]["id"] == 5
    assert wire.lines()[-1]["error"]["code"] == code
    assert (wire.code, bench.hub.channels) == (None, {})


async def test_subscribing_twice_is_an_error_even_within_one_message() -> None:
    bench = Bench()
    connection, wire = await bench.connect()
    subscribe = {"subscribe": {"channel": "polls:1"}}
    await bench.say(connection, {"id": 2} | subscribe, {"id": 3} | subscribe)
    assert wire.lines()[-1] == {"id": 3, "error": {"code": 105, "message": "already subscribed"}}
    assert bench.hub.subscriptions == 1


async def test_the_number_of_channels_is_bounded() -> None:
    bench = Bench(Limits(max_channels=1))
    connection, wire = await bench.connect("polls:1", "polls:2")
    assert wire.lines()[-1]["error"]["code"] == 106
    connection, wire = bench.open()
    await bench.say(connection, {"id": 1, "connect": {"subs": {"polls:1": {}, "polls:2": {}}}})
    assert wire.code == CloseCode.CHANNEL_LIMIT


async def test_connecting_subscribes_to_what_it_names_and_may_have() -> None:
    bench = Bench()
    connection, wire = bench.open()
    subs = {"polls:1": {}, "polls:2": {"recover": True, "epoch": "e", "offset": 1}, "polls:secret": {}}
    await bench.say(connection, {"id": 1, "connect": {"subs": subs}})
    answered = wire.lines()[0]["connect"]["subs"]
    assert {name: len(result["publications"]) for name, result in answered.items()} == {
        "polls:1": 1,
        "polls:2": 0,
    }
    assert set(connection.channels) == {"polls:1", "polls:2"}


async def test_unsubscribing_from_nothing_is_no_error() -> None:
    bench = Bench()
    connection, wire = await bench.connect()
    await bench.say(connection, {"id": 2, "unsubscribe": {"channel": "polls:1"}})
    assert wire.lines()[-1] == {"id": 2, "unsubscribe": {}}


async def test_the_replies_of_one_turn_are_one_message() -> None:
    bench = Bench()
    connection, wire = await bench.connect()
    before = len(wire.sent)
    await bench.say(
        connection, {"id": 2, "rpc": {"method": "time"}}, {}, {"id": 3, "rpc": {"method": "channels"}}
    )
    assert len(wire.sent) == before + 1
    assert wire.lines()[-2:] == [
        {"id": 2, "rpc": {"data": {"time": 1000.0}}},
        {"id": 3, "rpc": {"data": {"channels": ["polls:1", "polls:2"]}}},
    ]


# Deadlines


async def test_a_client_that_does_not_introduce_itself_is_stale() -> None:
    bench = Bench()
    connection, wire = bench.open()
    await bench.say(connection, {})
    bench.advance(9.9)
    assert wire.code is None
    bench.advance(0.3)
    assert wire.code == CloseCode.STALE


async def test_a_client_that_answers_pings_stays() -> None:
    bench = Bench()
    connection, wire = await bench.connect()
    for _ in range(20):
        bench.advance(25.2)
        assert wire.sent[-1] == b"{}"
        await bench.say(connection, {})
        bench.advance(11)
    assert (wire.code, wire.sent.count(b"{}")) == (None, 20)


async def test_a_client_that_does_not_answer_a_ping_is_closed() -> None:
    bench = Bench()
    _, wire = await bench.connect()
    bench.advance(25.2)
    bench.advance(9)
    assert wire.code is None
    bench.advance(1.2)
    assert wire.code == CloseCode.NO_PONG


async def test_an_identity_ends_a_little_after_its_time() -> None:
    bench = Bench()
    connection, wire = bench.open()
    await bench.say(connection, {"id": 1, "connect": {"token": "user:7:1010"}})
    bench.advance(14)
    assert wire.code is None
    bench.advance(1.2)
    assert wire.code == CloseCode.EXPIRED


async def test_a_refresh_prolongs_the_identity() -> None:
    bench = Bench()
    connection, wire = bench.open()
    await bench.say(connection, {"id": 1, "connect": {"token": "user:7:1010"}})
    bench.advance(8)
    await bench.say(connection, {"id": 2, "refresh": {"token": "user:7:1020"}})
    assert wire.lines()[-1] == {
        "id": 2,
        "refresh": {"client": connection.client, "version": "folkmoot 0", "expires": True, "ttl": 12},
    }
    bench.advance(10)
    assert wire.code is None
    bench.advance(8)
    assert wire.code == CloseCode.EXPIRED


@pytest.mark.parametrize(("token", "code"), [("user:8", 3500), ("nonsense", 3500)])
async def test_a_refresh_for_somebody_else_closes(token: str, code: int) -> None:
    bench = Bench()
    connection, wire = bench.open()
    await bench.say(connection, {"id": 1, "connect": {"token": "user:7:1010"}})
    await bench.say(connection, {"id": 2, "refresh": {"token": token}})
    assert wire.code == code


async def test_a_refresh_with_an_expired_token_is_an_error() -> None:
    bench = Bench()
    connection, wire = await bench.connect()
    await bench.say(connection, {"id": 2, "refresh": {"token": "expired"}})
    assert (wire.lines()[-1]["error"]["code"], wire.code) == (109, None)


@settings(max_examples=60, deadline=None)
@given(st.lists(commands.map(json.dumps) | st.just("{}"), min_size=1, max_size=4))
async def test_whatever_is_said_ends_in_a_reply_or_a_known_code(lines: list[str]) -> None:
    bench = Bench()
    connection, wire = await bench.connect("polls:1")
    await bench.dialogue.receive(connection, "\n".join(lines))
    await bench.settle()
    assert wire.code in {None, CloseCode.BAD_REQUEST, CloseCode.INVALID_TOKEN}
    assert all("id" in line for line in wire.lines())
