"""The Centrifugo client protocol (version 2, JSON) without any I/O: text to commands, answers to bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import orjson

from realtime.channels import State
from realtime.codes import UNSUBSCRIBED, CloseCode, Disconnect, ErrorCode, Refusal

LONGEST_CHANNEL = 255  # characters
LARGEST_OFFSET = (1 << 64) - 1

PING = b"{}"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a client says it is in a channel; `recover` asks for what it missed."""

    recover: bool = False
    epoch: str = ""
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Connect:
    """The first command: who is there, and what it wants to hear from the start."""

    id: int
    token: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    subs: Mapping[str, Position] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Asks for a channel."""

    id: int
    channel: str
    position: Position


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Gives a channel back."""

    id: int
    channel: str


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Asks about a channel without subscribing: history, presence or presence_stats."""

    id: int
    method: str
    channel: str


@dataclass(frozen=True, slots=True)
class Rpc:
    """Calls a named procedure of the server."""

    id: int
    method: str


@dataclass(frozen=True, slots=True)
class Refresh:
    """Hands in a fresh token."""

    id: int
    token: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A command whose answer is an error whoever asks: malformed, unknown, or never allowed."""

    id: int
    method: str
    code: ErrorCode


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to a ping."""


@dataclass(frozen=True, slots=True)
class Send:
    """A message without an answer; nobody here listens to it."""


Command: TypeAlias = Connect | Subscribe | Unsubscribe | Inquiry | Rpc | Refresh | Rejected | Pong | Send
Body: TypeAlias = Mapping[str, Any]


def decode(text: str) -> list[Command]:
    """Read the commands of one message, a line each; anything that is none raises Disconnect(3501)."""
    commands = [_read_command(line) for line in text.split("\n") if line and not line.isspace()]
    if not commands:
        raise Disconnect(CloseCode.BAD_REQUEST)
    return commands


def _read_command(line: str) -> Command:
    try:
        fields = orjson.loads(line)
    except ValueError:
        raise Disconnect(CloseCode.BAD_REQUEST) from None
    if not isinstance(fields, dict):
        raise Disconnect(CloseCode.BAD_REQUEST)
    number = fields.get("id", 0)
    if type(number) is not int or number < 1:
        return _read_unnumbered(fields)
    for method, read in READERS.items():
        if method in fields:
            return _read_body(number, method, fields[method], read)
    return Rejected(number, "", ErrorCode.METHOD_NOT_FOUND)


def _read_unnumbered(fields: Body) -> Command:
    if not fields:
        return Pong()
    if "send" in fields:
        return Send()
    raise Disconnect(CloseCode.BAD_REQUEST)


def _read_body(number: int, method: str, body: object, read: Callable[[int, Body], Command]) -> Command:
    try:
        if not isinstance(body, dict):
            raise Refusal(ErrorCode.BAD_REQUEST)
        return read(number, body)
    except Refusal as refusal:
        return Rejected(number, method, refusal.code)


def _read_text(body: Body, name: str) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refusal(ErrorCode.BAD_REQUEST)
    return value


def _check_channel(name: str) -> str:
    if not 0 < len(name) <= LONGEST_CHANNEL:
        raise Refusal(ErrorCode.BAD_REQUEST)
    return name


def _read_channel(body: Body) -> str:
    return _check_channel(_read_text(body, "channel"))


def _read_object(body: Body, name: str) -> Body:
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refusal(ErrorCode.BAD_REQUEST)
    return value


def _read_position(body: object) -> Position:
    if not isinstance(body, dict):
        raise Refusal(ErrorCode.BAD_REQUEST)
    recover, offset = body.get("recover") or False, body.get("offset") or 0
    # Protobuf's JSON mapping writes 64-bit numbers as strings.
    if isinstance(offset, str) and offset.isascii() and offset.isdigit() and len(offset) <= 20:
        offset = int(offset)
    if type(recover) is not bool or type(offset) is not int or not 0 <= offset <= LARGEST_OFFSET:
        raise Refusal(ErrorCode.BAD_REQUEST)
    return Position(recover, _read_text(body, "epoch"), offset)


def _read_connect(number: int, body: Body) -> Command:
    headers = _read_object(body, "headers")
    if not all(isinstance(value, str) for value in headers.values()):
        raise Refusal(ErrorCode.BAD_REQUEST)
    subs = {
        _check_channel(name): _read_position(position)
        for name, position in _read_object(body, "subs").items()
    }
    lowered = {name.lower(): value for name, value in headers.items()}
    return Connect(number, _read_text(body, "token"), lowered, subs)


def _read_subscribe(number: int, body: Body) -> Command:
    return Subscribe(number, _read_channel(body), _read_position(body))


def _read_unsubscribe(number: int, body: Body) -> Command:
    return Unsubscribe(number, _read_channel(body))


def _read_rpc(number: int, body: Body) -> Command:
    return Rpc(number, _read_text(body, "method"))


def _read_refresh(number: int, body: Body) -> Command:
    token = _read_text(body, "token")
    if not token:
        raise Refusal(ErrorCode.BAD_REQUEST)
    return Refresh(number, token)


def _inquire(method: str) -> Callable[[int, Body], Command]:
    return lambda number, body: Inquiry(number, method, _read_channel(body))


def _reject(method: str, code: ErrorCode) -> Callable[[int, Body], Command]:
    return lambda number, _body: Rejected(number, method, code)


READERS: Mapping[str, Callable[[int, Body], Command]] = {
    "connect": _read_connect,
    "subscribe": _read_subscribe,
    "unsubscribe": _read_unsubscribe,
    "rpc": _read_rpc,
    "refresh": _read_refresh,
    "history": _inquire("history"),
    "presence": _inquire("presence"),
    "presence_stats": _inquire("presence_stats"),
    # A client never publishes here, and a subscription has no token of its own.
    "publish": _reject("publish", ErrorCode.PERMISSION_DENIED),
    "sub_refresh": _reject("sub_refresh", ErrorCode.NOT_AVAILABLE),
    "send": lambda _number, _body: Send(),
}


def encode_reply(number: int, method: str, result: Mapping[str, Any]) -> bytes:
    """Answer a command with its result."""
    return orjson.dumps({"id": number, method: result})


def encode_error(number: int, code: ErrorCode) -> bytes:
    """Answer a command with an error."""
    error: dict[str, Any] = {"code": int(code), "message": code.text}
    if code.temporary:
        error["temporary"] = True
    return orjson.dumps({"id": number, "error": error})


def encode_publication(channel: str, state: State) -> bytes:
    """Push a channel's object to its subscribers."""
    return orjson.dumps({"push": {"channel": channel, "pub": describe_publication(state)}})


def encode_unsubscription(channel: str) -> bytes:
    """Tell a client that its subscription ended and that it may ask again."""
    ended = {"code": UNSUBSCRIBED, "reason": "insufficient state"}
    return orjson.dumps({"push": {"channel": channel, "unsubscribe": ended}})


def describe_publication(state: State) -> dict[str, Any]:
    """Return a state as the protocol's publication."""
    return {"data": orjson.Fragment(state.data), "offset": state.offset}


def describe_subscription(state: State, position: Position) -> dict[str, Any]:
    """Return the result of subscribing to a state channel.

    The newest object replaces everything a client may have missed, so recovery always succeeds; whoever
    has it already is not sent it again.
    """
    known = position.recover and (position.epoch, position.offset) == (state.epoch, state.offset)
    return {
        "recoverable": True,
        "epoch": state.epoch,
        "offset": state.offset,
        "publications": [] if known else [describe_publication(state)],
        "recovered": position.recover,
        "was_recovering": position.recover,
    }
