"""What the codes of the hub's protocol tell a client to do; for documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from realtime.codes import CloseCode, ErrorCode

Object = dict[str, Any]

ADVICE: Mapping[ErrorCode | CloseCode, str] = {
    ErrorCode.INTERNAL: "Something failed here, often only for a moment. Try again.",
    ErrorCode.UNAUTHORIZED: "Sign in first.",
    ErrorCode.UNKNOWN_CHANNEL: "There is no such channel: check its name and number.",
    ErrorCode.PERMISSION_DENIED: "Not for this account, or not without one.",
    ErrorCode.METHOD_NOT_FOUND: "There is no such command or procedure.",
    ErrorCode.ALREADY_SUBSCRIBED: "This connection follows the channel already.",
    ErrorCode.LIMIT_EXCEEDED: "Too many channels on this connection, or an answer that is too long.",
    ErrorCode.BAD_REQUEST: "A field is missing or of the wrong type.",
    ErrorCode.NOT_AVAILABLE: "The channel doesn't do that; state channels have no history.",
    ErrorCode.TOKEN_EXPIRED: "Get a new token and connect again.",
    ErrorCode.TOO_MANY_REQUESTS: "Slow down, then try again.",
    ErrorCode.UNRECOVERABLE_POSITION: "The history doesn't reach back that far. Read without a position.",
    CloseCode.CLOSED: "Ended for no fault of the client's.",
    CloseCode.SHUTDOWN: "This server process stops; another one or its successor answers.",
    CloseCode.INTERNAL: "Something failed here.",
    CloseCode.EXPIRED: "The token ended and was not refreshed.",
    CloseCode.SLOW: "The client didn't read what it was sent; more than its buffer holds was waiting.",
    CloseCode.NO_PONG: "A ping was not answered within ten seconds.",
    CloseCode.INVALID_TOKEN: "The credential is wrong, or was revoked. Get another.",
    CloseCode.BAD_REQUEST: "The client broke the protocol: no JSON, or a command before connect.",
    CloseCode.STALE: "No connect command came within ten seconds.",
    CloseCode.FORCED: "The credential was revoked: a new password or key, or a deleted account.",
    CloseCode.CONNECTION_LIMIT: "This process has as many connections as it may have.",
    CloseCode.CHANNEL_LIMIT: "The connect command named too many channels.",
}


def error_codes() -> Object:
    """List the codes of refusals."""
    return list_codes(
        "Why a command was refused; the connection stays open.",
        ({**describe_code(each), "x-temporary": each.temporary} for each in ErrorCode),
    )


def close_codes() -> Object:
    """List the codes that end connections."""
    return list_codes(
        "Why a connection ended.",
        ({**describe_code(each), "x-reconnects": each.reconnects} for each in CloseCode),
    )


def list_codes(text: str, codes: Iterable[Object]) -> Object:
    """Describe a number that is one of some."""
    return {"type": "integer", "description": text, "oneOf": list(codes)}


def describe_code(code: ErrorCode | CloseCode) -> Object:
    """Describe one number."""
    return {"const": int(code), "title": code.text, "description": ADVICE[code]}
