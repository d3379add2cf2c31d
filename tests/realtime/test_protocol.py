"""The protocol's text in and out."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.channel import catch_up
from realtime.channels import Span, State
from realtime.codes import CloseCode, Disconnect, ErrorCode
from realtime.protocol import (
    Command,
    Connect,
    History,
    Inquiry,
    Pong,
    Position,
    Refresh,
    Rejected,
    Rpc,
    Send,
    Subscribe,
    Unsubscribe,
    decode,
    describe_subscription,
    encode_error,
    encode_publication,
    encode_reply,
    encode_unsubscription,
)

LONG = "x" * 256


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("{}", Pong()),
        ('{"id": 1, "connect": {}}', Connect(1)),
        ('{"id": 1, "connect": {"token": "t", "data": 5, "name": "js"}}', Connect(1, "t")),
        (
            '{"id": 1, "connect": {"headers": {"Authorization": "Key k"}}}',
            Connect(1, headers={"authorization": "Key k"}),
        ),
        (
            '{"id": 1, "connect": {"subs": {"polls:1": {"recover": true, "epoch": "e", "offset": 7}}}}',
            Connect(1, subs={"polls:1": Position(True, "e", 7)}),
        ),
        ('{"id": 2, "subscribe": {"channel": "c"}}', Subscribe(2, "c", Position())),
        (
            '{"id": 2, "subscribe": {"channel": "c", "recover": true, "offset": "12", "flag": 1}}',
            Subscribe(2, "c", Position(True, "", 12)),
        ),
        ('{"id": 3, "unsubscribe": {"channel": "c"}}', Unsubscribe(3, "c")),
        ('{"id": 4, "history": {"channel": "c"}}', History(4, "c", Span())),
        ('{"id": 4, "history": {"channel": "c", "limit": null, "reverse": null}}', History(4, "c", Span())),
        ('{"id": 4, "presence": {"channel": "c"}}', Inquiry(4, "presence", "c")),
        ('{"id": 4, "presence_stats": {"channel": "c"}}', Inquiry(4, "presence_stats", "c")),
        ('{"id": 5, "rpc": {"method": "time", "data": null}}', Rpc(5, "time")),
        ('{"id": 6, "refresh": {"token": "t"}}', Refresh(6, "t")),
        ('{"id": 7, "send": {"data": 1}}', Send()),
        ('{"send": {"data": 1}}', Send()),
        ('{"id": 8, "publish": {}}', Rejected(8, "publish", ErrorCode.PERMISSION_DENIED)),
        ('{"id": 9, "sub_refresh": {}}', Rejected(9, "sub_refresh", ErrorCode.NOT_AVAILABLE)),
        ('{"id": 9, "dance": {}}', Rejected(9, "", ErrorCode.METHOD_NOT_FOUND)),
        ('{"id": 9}', Rejected(9, "", ErrorCode.METHOD_NOT_FOUND)),
        ('{"id": 9, "dance": {}, "rpc": {"method": "time"}}', Rpc(9, "time")),
    ],
)
def test_a_line_becomes_a_command(text: str, command: Command) -> None:
    assert decode(text) == [command]


@pytest.mark.parametrize(
    "text",
    [
        '{"id": 1, "subscribe": {}}',
        '{"id": 1, "subscribe": null}',
        '{"id": 1, "subscribe": []}',
        '{"id": 1, "subscribe": {"channel": 5}}',
        '{"id": 1, "subscribe": {"channel": ""}}',
        f'{{"id": 1, "subscribe": {{"channel": "{LONG}"}}}}',
        '{"id": 1, "subscribe": {"channel": "c", "recover": 1}}',
        '{"id": 1, "subscribe": {"channel": "c", "offset": -1}}',
        '{"id": 1, "subscribe": {"channel": "c", "offset": 1.5}}',
        '{"id": 1, "subscribe": {"channel": "c", "offset": true}}',
        '{"id": 1, "subscribe": {"channel": "c", "offset": 1e99}}',
        '{"id": 1, "subscribe": {"channel": "c", "offset": "٣"}}',
        '{"id": 1, "subscribe": {"channel": "c", "offset": "99999999999999999999"}}',
        '{"id": 1, "subscribe": {"channel": "c", "epoch": 1}}',
        '{"id": 1, "connect": {"token": 1}}',
        '{"id": 1, "connect": {"headers": {"a": 1}}}',
        '{"id": 1, "connect": {"headers": "a"}}',
        '{"id": 1, "connect": {"subs": []}}',
        '{"id": 1, "connect": {"subs": {"": {}}}}',
        '{"id": 1, "connect": {"subs": {"c": 1}}}',
        '{"id": 1, "rpc": {"method": 1}}',
        '{"id": 1, "refresh": {}}',
    ],
)
def test_a_field_of_a_wrong_type_is_a_bad_request(text: str) -> None:
    (command,) = decode(text)
    assert isinstance(command, Rejected)
    assert command.code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "nonsense",
        "[]",
        "1",
        "null",
        '"text"',
        '{"id": 1',
        '{"connect": {}}',
        '{"id": 0, "connect": {}}',
        '{"id": -1, "connect": {}}',
        '{"id": "1", "connect": {}}',
        '{"id": 1.0, "connect": {}}',
        '{"id": true, "connect": {}}',
        '{"id": 1e30, "connect": {}}',
        '{"id": 123456789012345678901234567890, "connect": {}}',
        '{"id": NaN, "connect": {}}',
        '{"id": 1, "connect": {"token": "\\ud800"}}',
        '{"id": 1, "connect": {"token": "\ud800"}}',
        '{"id": 1, "connect": {"token": "\x00"}}',
        '{"id": 1, "connect": ' + "[" * 5000 + "]" * 5000 + "}",
        '{"id": 1, "connect": {}}\nnonsense',
    ],
)
def test_what_is_no_command_ends_the_connection(text: str) -> None:
    with pytest.raises(Disconnect) as caught:
        decode(text)
    assert caught.value.code is CloseCode.BAD_REQUEST


def test_a_message_holds_several_commands_and_blank_lines() -> None:
    text = '{"id":1,"connect":{}}\n\n{}\n{"id":2,"unsubscribe":{"channel":"c"}}\n'
    assert decode(text) == [Connect(1), Pong(), Unsubscribe(2, "c")]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
METHODS = [
    *("connect", "subscribe", "unsubscribe", "rpc", "refresh", "history", "publish", "send", "x"),
    *("presence", "presence_stats"),
]
FIELDS = ["channel", "recover", "epoch", "offset", "token", "headers", "subs", "method", "data"]
bodies = st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=5) | json_values
commands = st.fixed_dictionaries(
    {}, optional={"id": json_values | st.just(1)} | dict.fromkeys(METHODS, bodies)
)


@given(st.text() | commands.map(json.dumps) | json_values.map(json.dumps))
def test_garbage_raises_nothing_but_disconnect(text: str) -> None:
    with contextlib.suppress(Disconnect):
        assert decode(text)


def test_a_reply_carries_the_id_and_the_method() -> None:
    assert json.loads(encode_reply(3, "rpc", {"data": 1})) == {"id": 3, "rpc": {"data": 1}}


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (ErrorCode.PERMISSION_DENIED, {"code": 103, "message": "permission denied"}),
        (ErrorCode.INTERNAL, {"code": 100, "message": "internal server error", "temporary": True}),
    ],
)
def test_an_error_says_whether_a_retry_may_help(code: ErrorCode, error: dict[str, Any]) -> None:
    assert json.loads(encode_error(3, code)) == {"id": 3, "error": error}


def test_a_publication_embeds_the_object_as_it_is() -> None:
    assert json.loads(encode_publication("polls:1", State("e", 7, b'{"a":1}'))) == {
        "push": {"channel": "polls:1", "pub": {"data": {"a": 1}, "offset": 7}}
    }


def test_an_unsubscription_invites_to_subscribe_again() -> None:
    push = json.loads(encode_unsubscription("polls:1"))["push"]
    assert (push["channel"], push["unsubscribe"]["code"]) == ("polls:1", 2500)


@pytest.mark.parametrize(
    ("position", "sent", "recovering"),
    [
        (Position(), 1, False),
        (Position(True, "e", 7), 0, True),
        (Position(True, "e", 6), 1, True),
        (Position(True, "old", 7), 1, True),
        (Position(False, "e", 7), 1, False),
    ],
)
def test_a_state_is_sent_unless_the_client_has_it(position: Position, sent: int, recovering: bool) -> None:
    result = describe_subscription(catch_up(State("e", 7, b"{}"), position))
    assert len(result["publications"]) == sent
    assert (result["recovered"], result["was_recovering"]) == (recovering, recovering)
    assert (result["recoverable"], result["epoch"], result["offset"]) == (True, "e", 7)


def test_codes_from_3500_on_do_not_reconnect() -> None:
    assert all(code.reconnects == (code < 3500) for code in CloseCode)
