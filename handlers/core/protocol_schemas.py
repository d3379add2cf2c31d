"""The frames of the hub's protocol as documents describe them; realtime/protocol.py reads and writes them."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired

from pydantic import Field, WithJsonSchema
from typing_extensions import TypeAliasType, TypedDict

from handlers.core.code_words import close_codes, error_codes

ChannelName = Annotated[str, Field(min_length=1, max_length=255)]
Offset = Annotated[int, Field(ge=0)]
Ttl = Annotated[int, Field(description="Seconds until the credential ends; refresh before.")]
ErrorNumber = TypeAliasType("ErrorNumber", Annotated[int, WithJsonSchema(error_codes())])
CloseNumber = TypeAliasType("CloseNumber", Annotated[int, WithJsonSchema(close_codes())])
Epoch = Annotated[str, Field(description="Names the history that offsets belong to.")]


class Position(TypedDict, total=False):
    """Where a client was in a channel; `recover` asks for what it missed since."""

    recover: bool
    epoch: str
    offset: Offset


class ConnectRequest(TypedDict, total=False):
    """The first command."""

    token: Annotated[str, Field(description="A bare JWT, or the value of an Authorization header.")]
    headers: Annotated[dict[str, str], Field(description="Stand-ins for HTTP headers; Authorization counts.")]
    subs: Annotated[dict[str, Position], Field(description="Channels to begin with.")]
    data: Annotated[Any, Field(description="Ignored.")]
    name: Annotated[str, Field(description="The client's own name; ignored.")]
    version: Annotated[str, Field(description="Ignored.")]


class PublicationFrame(TypedDict):
    """What a channel says; `data` is of the channel's own schema."""

    data: Any
    offset: Offset


class SubscribeRequest(Position):
    """A channel to follow."""

    channel: ChannelName


class SubscribeResult(TypedDict):
    """Where the channel stands; publications that the client lacks."""

    recoverable: bool
    epoch: Epoch
    offset: Offset
    publications: list[PublicationFrame]
    recovered: Annotated[bool, Field(description="Whether nothing is missing since the named position.")]
    was_recovering: bool


class ConnectResult(TypedDict):
    """The connection stands."""

    client: Annotated[str, Field(description="The connection's id.")]
    version: str
    ping: Annotated[int, Field(description="Seconds between the server's pings.")]
    pong: Annotated[bool, Field(description="Whether pings want an answer.")]
    session: str
    node: Annotated[str, Field(description="The server process.")]
    subs: dict[str, SubscribeResult]
    expires: NotRequired[bool]
    ttl: NotRequired[Ttl]


class RefreshRequest(TypedDict):
    """A newer token of the same account."""

    token: str


class RefreshResult(TypedDict):
    """The token was taken."""

    client: str
    version: str
    expires: NotRequired[bool]
    ttl: NotRequired[Ttl]


class ChannelRequest(TypedDict):
    """A channel."""

    channel: ChannelName


class EmptyResult(TypedDict):
    """Done."""


class Place(TypedDict, total=False):
    """A place in a stream: behind the message with this offset."""

    epoch: str
    offset: Offset


class HistoryRequest(ChannelRequest, total=False):
    """A part of a stream: from `since` on, or before it in reverse."""

    limit: Annotated[int, Field(description="0 asks only where the stream stands, -1 for all.")]
    since: Place | None
    reverse: bool


class HistoryResult(TypedDict):
    """The part that was asked for, and where the stream stands."""

    publications: list[PublicationFrame]
    epoch: Epoch
    offset: Offset


class Listening(TypedDict):
    """One connection."""

    client: str
    user: Annotated[str, Field(description="The account's id; empty for anonymous ones.")]


class PresenceResult(TypedDict):
    """Who listens, by connection."""

    presence: dict[str, Listening]


class PresenceStatsResult(TypedDict):
    """How many listen."""

    num_clients: Offset
    num_users: Annotated[int, Field(ge=0, description="All anonymous ones count as one.")]


class RpcRequest(TypedDict):
    """`channels` lists what I may subscribe to, `time` tells the server's clock."""

    method: Annotated[str, Field(json_schema_extra={"enum": ["channels", "time"]})]
    data: NotRequired[Annotated[Any, Field(description="Ignored.")]]


class ChannelList(TypedDict):
    """Names of channels, at most a thousand of each kind."""

    channels: list[str]


class ServerTime(TypedDict):
    """Unix seconds."""

    time: float


class RpcResult(TypedDict):
    """What the method answers."""

    data: ChannelList | ServerTime


class ErrorBody(TypedDict):
    """Why a command was refused."""

    code: ErrorNumber
    message: str
    temporary: NotRequired[Annotated[bool, Field(description="A retry may help.")]]


class UnsubscribeFrame(TypedDict):
    """The server ended the subscription; from code 2500 on clients ask for it again."""

    code: int
    reason: str


class DisconnectFrame(TypedDict):
    """The end of an event stream, which has no close codes."""

    code: CloseNumber
    reason: str
