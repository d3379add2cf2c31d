"""The protocol's numbers: error codes of replies, close codes of sockets, the code of unsubscriptions."""

from __future__ import annotations

from enum import IntEnum


class ErrorCode(IntEnum):
    """Why a command was refused; the connection stays open."""

    text: str
    temporary: bool

    def __new__(cls, number: int, text: str, temporary: bool = False) -> ErrorCode:
        """Make a member that compares as its number and carries its words."""
        member = int.__new__(cls, number)
        member._value_ = number
        member.text = text
        member.temporary = temporary
        return member

    INTERNAL = 100, "internal server error", True
    UNAUTHORIZED = 101, "unauthorized"
    UNKNOWN_CHANNEL = 102, "unknown channel"
    PERMISSION_DENIED = 103, "permission denied"
    METHOD_NOT_FOUND = 104, "method not found"
    ALREADY_SUBSCRIBED = 105, "already subscribed"
    LIMIT_EXCEEDED = 106, "limit exceeded"
    BAD_REQUEST = 107, "bad request"
    NOT_AVAILABLE = 108, "not available"
    TOKEN_EXPIRED = 109, "token expired"
    TOO_MANY_REQUESTS = 111, "too many requests", True
    UNRECOVERABLE_POSITION = 112, "unrecoverable position"


class CloseCode(IntEnum):
    """Why a connection ends; SDKs reconnect after some codes and give up after the others."""

    text: str
    reconnects: bool

    def __new__(cls, number: int, text: str, reconnects: bool) -> CloseCode:
        """Make a member that compares as its number and carries its words."""
        member = int.__new__(cls, number)
        member._value_ = number
        member.text = text
        member.reconnects = reconnects
        return member

    CLOSED = 3000, "connection closed", True
    SHUTDOWN = 3001, "shutdown", True
    INTERNAL = 3004, "internal server error", True
    EXPIRED = 3005, "connection expired", True
    SLOW = 3008, "slow", True
    NO_PONG = 3012, "no pong", True
    INVALID_TOKEN = 3500, "invalid token", False
    BAD_REQUEST = 3501, "bad request", False
    STALE = 3502, "stale", False
    FORCED = 3503, "force disconnect", False
    CONNECTION_LIMIT = 3504, "connection limit", False
    CHANNEL_LIMIT = 3505, "channel limit", False


UNSUBSCRIBED = 2500  # the server ended a subscription; SDKs subscribe again by themselves


class Refusal(Exception):
    """A command that is answered with an error code."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code.text)
        self.code = code


class Disconnect(Exception):
    """A connection that has to end with a close code."""

    def __init__(self, code: CloseCode) -> None:
        super().__init__(code.text)
        self.code = code
