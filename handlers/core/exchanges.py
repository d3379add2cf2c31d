"""What clients and the hub say to each other, with examples, and what its codes mean; for documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handlers.core.protocol_schemas import (
    ChannelRequest,
    ConnectRequest,
    ConnectResult,
    DisconnectFrame,
    EmptyResult,
    ErrorBody,
    HistoryRequest,
    HistoryResult,
    PresenceResult,
    PresenceStatsResult,
    PublicationFrame,
    RefreshRequest,
    RefreshResult,
    RpcRequest,
    RpcResult,
    SubscribeRequest,
    SubscribeResult,
    UnsubscribeFrame,
)
from realtime.codes import UNSUBSCRIBED, ErrorCode


@dataclass(frozen=True)
class Exchange:
    """A command and its reply, with an example of each."""

    text: str
    request: Any
    result: Any
    asked: Mapping[str, Any]
    told: Mapping[str, Any]


@dataclass(frozen=True)
class Push:
    """Something that the server says unasked: under which field, and whether a channel is named with it."""

    title: str
    text: str
    field: str
    shape: Any
    example: Mapping[str, Any]
    of_channel: bool = True


STAND: Mapping[str, Any] = {"epoch": "fJ8r2Q", "offset": 28}
COUNTED: Mapping[str, Any] = {
    "data": {"event": 7, "registered": 42, "attended": 0, "cancelled": 3, "version": 46},
    "offset": 46,
}
SUBSCRIBED: Mapping[str, Any] = {
    "recoverable": True,
    "epoch": "7",
    "offset": 46,
    "publications": [COUNTED],
    "recovered": False,
    "was_recovering": False,
}
CONNECTED: Mapping[str, Any] = {
    "client": "5a5b1f0e-7a43-4b3e-9a1c-1d7f7c6f1b64",
    "version": "folkmoot 0.1.0",
    "ping": 25,
    "pong": True,
    "session": "e0c1b0a2-55b8-4a0c-8a1e-0a7b5d4c3f21",
    "node": "0b9f3c55-9b1d-4c46-a6a5-3a7f6a1d2e90",
    "subs": {},
}
CLIENT = {name: CONNECTED[name] for name in ("client", "version")}
EXCHANGES: Mapping[str, Exchange] = {
    "connect": Exchange(
        "The first command of every connection; without a token it is anonymous.",
        ConnectRequest,
        ConnectResult,
        {"token": "Token 9944b091", "name": "my-dashboard"},
        CONNECTED,
    ),
    "subscribe": Exchange(
        "Follow a channel; state channels answer with the current object.",
        SubscribeRequest,
        SubscribeResult,
        {"channel": "events:7"},
        SUBSCRIBED,
    ),
    "unsubscribe": Exchange("Give a channel back.", ChannelRequest, EmptyResult, {"channel": "events:7"}, {}),
    "history": Exchange(
        "Read what a stream has said; state channels have none (108).",
        HistoryRequest,
        HistoryResult,
        {"channel": "attendance:7", "limit": 10, "reverse": True},
        {"publications": [], **STAND},
    ),
    "presence": Exchange(
        "Ask who listens, on channels that somebody organises and for those alone; else 103.",
        ChannelRequest,
        PresenceResult,
        {"channel": "events:7"},
        {"presence": {CONNECTED["client"]: {"client": CONNECTED["client"], "user": "12"}}},
    ),
    "presence_stats": Exchange(
        "Ask how many listen; for whoever may subscribe.",
        ChannelRequest,
        PresenceStatsResult,
        {"channel": "polls:1"},
        {"num_clients": 3, "num_users": 2},
    ),
    "rpc": Exchange(
        "Call a procedure of the server: channels, time.",
        RpcRequest,
        RpcResult,
        {"method": "channels"},
        {"data": {"channels": ["polls:1", "stats:members"]}},
    ),
    "refresh": Exchange(
        "Hand in a newer token before the old one ends.",
        RefreshRequest,
        RefreshResult,
        {"token": "eyJhbGciOi…"},
        {**CLIENT, "expires": True, "ttl": 600},
    ),
}
PUSHES: Mapping[str, Push] = {
    "publication": Push(
        "Publication",
        "A channel has something to say.",
        "pub",
        PublicationFrame,
        {"channel": "events:7", "pub": COUNTED},
    ),
    "unsubscription": Push(
        "Unsubscription",
        "The server has ended a subscription.",
        "unsubscribe",
        UnsubscribeFrame,
        {"channel": "events:7", "unsubscribe": {"code": UNSUBSCRIBED, "reason": "insufficient state"}},
    ),
}
STREAM_ENDS: Mapping[str, Push] = {
    "connected": Push(
        "Connected",
        "The first event: what connect answers on a WebSocket.",
        "connect",
        ConnectResult,
        {"connect": {**CONNECTED, "pong": False}},
        of_channel=False,
    ),
    "disconnected": Push(
        "Disconnected",
        "The last event: why the stream ends.",
        "disconnect",
        DisconnectFrame,
        {"disconnect": {"code": 3001, "reason": "shutdown"}},
        of_channel=False,
    ),
    "refused": Push(
        "Refused",
        "The only event where connecting was refused.",
        "error",
        ErrorBody,
        {"error": {"code": 109, "message": "token expired"}},
        of_channel=False,
    ),
}
REFUSED: Mapping[str, ErrorCode] = {
    "publish": ErrorCode.PERMISSION_DENIED,
    "sub_refresh": ErrorCode.NOT_AVAILABLE,
}
