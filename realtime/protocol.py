"""The Centrifugo client protocol (version 2, JSON) without any I/O: text to commands, answers to bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import orjson

from realtime.channels import Audience, Past, Publication, Since, Span
from realtime.codes import UNSUBSCRIBED, CloseCode, Disconnect, ErrorCode, Refusal

LONGEST_CHANNEL = 255  # characters
LARGEST_OFFSET = (1 << 64) - 1
LARGEST_LIMIT = (1 << 31) - 1  # more than any history keeps

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
    """Asks who is on a channel, without subscribing: presence or presence_stats."""

    id: int
    method: str
    channel: str


@dataclass(frozen=True, slots=True)
class History:
    """Asks for a part of what a channel has said."""

    id: int
    channel: str
    span: Span


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


@dataclass(frozen=True, slots=True)
class Subscribed:
    """What a new subscriber is told: where the channel stands, and what the client does not have yet."""

    epoch: str
    offset: int
    publications: Sequence[Publication] = ()
    was_recovering: bool = False
    recovered: bool = False


Question: TypeAlias = Subscribe | Unsubscribe | History | Inquiry | Rpc | Refresh
Command: TypeAlias = Connect | Question | Rejected | Pong | Send
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


def decode_connect(text: str | bytes) -> Connect:
    """Read a bare connect request; raises Disconnect(3501) where it is no object, Refusal(107) a bad one."""
    try:
        fields = orjson.loads(text)
    except ValueError:
        raise Disconnect(CloseCode.BAD_REQUEST) from None
    if not isinstance(fields, dict):
        raise Disconnect(CloseCode.BAD_REQUEST)
    return _read_connect(1, fields)


def _read_connect(number: int, body: Body) -> Connect:
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


def _read_history(number: int, body: Body) -> Command:
    limit, reverse = body.get("limit"), body.get("reverse")
    limit, reverse = 0 if limit is None else limit, False if reverse is None else reverse
    if type(limit) is not int or type(reverse) is not bool:
        raise Refusal(ErrorCode.BAD_REQUEST)
    since = None
    if body.get("since") is not None:
        position = _read_position(body["since"])
        since = Since(position.epoch, position.offset)
    # As in Centrifugo: no limit given asks where the stream stands, a negative one for all there is.
    bounded = limit if 0 <= limit <= LARGEST_LIMIT else None
    return History(number, _read_channel(body), Span(since, bounded, reverse))


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
    "history": _read_history,
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
    return orjson.dumps({"id": number, "error": _describe_error(code)})


def _describe_error(code: ErrorCode) -> dict[str, Any]:
    error: dict[str, Any] = {"code": int(code), "message": code.text}
    return error | {"temporary": True} if code.temporary else error


def encode_connection(result: Mapping[str, Any]) -> bytes:
    """Push the result of connecting to a client that can only listen."""
    return orjson.dumps({"push": {"connect": result}})


def encode_disconnection(code: int, reason: str) -> bytes:
    """Push the end of a connection, where what carries it has no close codes."""
    return orjson.dumps({"push": {"disconnect": {"code": int(code), "reason": reason}}})


def encode_refusal(code: ErrorCode) -> bytes:
    """Push why a client that can only listen was not connected."""
    return orjson.dumps({"push": {"error": _describe_error(code)}})


def encode_publication(channel: str, publication: Publication) -> bytes:
    """Push what a channel says to its subscribers."""
    return orjson.dumps({"push": {"channel": channel, "pub": describe_publication(publication)}})


def encode_unsubscription(channel: str) -> bytes:
    """Tell a client that its subscription ended and that it may ask again."""
    ended = {"code": UNSUBSCRIBED, "reason": "insufficient state"}
    return orjson.dumps({"push": {"channel": channel, "unsubscribe": ended}})


def describe_publication(publication: Publication) -> dict[str, Any]:
    """Return the protocol's publication."""
    return {"data": orjson.Fragment(publication.data), "offset": publication.offset}


def describe_past(past: Past) -> dict[str, Any]:
    """Return the result of asking for a stream's history."""
    return {
        "publications": [describe_publication(each) for each in past.publications],
        "epoch": past.epoch,
        "offset": past.offset,
    }


def describe_presence(audience: Audience) -> dict[str, Any]:
    """Return the result of asking who is on a channel."""
    clients = audience.clients.items()
    return {"presence": {client: {"user": user, "client": client} for client, user in clients}}


def describe_presence_stats(audience: Audience) -> dict[str, Any]:
    """Return the result of asking how many are on a channel; all who are anonymous count as one user."""
    return {"num_clients": audience.size, "num_users": len(audience.users)}


def describe_subscription(subscribed: Subscribed) -> dict[str, Any]:
    """Return the result of subscribing."""
    return {
        "recoverable": True,
        "epoch": subscribed.epoch,
        "offset": subscribed.offset,
        "publications": [describe_publication(each) for each in subscribed.publications],
        "recovered": subscribed.recovered,
        "was_recovering": subscribed.was_recovering,
    }
