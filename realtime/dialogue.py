"""What a client may say and what it is answered: carries out the protocol's commands."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from realtime.channels import Identity
from realtime.codes import CloseCode, Disconnect, ErrorCode, Refusal
from realtime.connection import Connection, Credentials
from realtime.frames import Message
from realtime.hub import Hub
from realtime.protocol import (
    Connect,
    History,
    Inquiry,
    Pong,
    Position,
    Question,
    Refresh,
    Rejected,
    Rpc,
    Send,
    Subscribe,
    Unsubscribe,
    decode,
    describe_past,
    describe_presence,
    describe_presence_stats,
    describe_subscription,
    encode_connection,
    encode_error,
    encode_reply,
)

# Raises Disconnect(3500) for a bad credential and Refusal(109) for an expired one.
Authenticate: TypeAlias = Callable[[Credentials], Awaitable[Identity]]
Result: TypeAlias = Mapping[str, Any]

log = logging.getLogger(__name__)


class Dialogue:
    """Answers the commands of connections."""

    __slots__ = ("_authenticate", "hub")

    def __init__(self, hub: Hub, authenticate: Authenticate) -> None:
        self.hub = hub
        self._authenticate = authenticate

    async def receive(self, connection: Connection, text: str) -> None:
        """Carry out the commands of one message in their order; never raises."""
        try:
            for command in decode(text):
                if connection.closed:
                    return
                await self._execute(connection, command)
        except Disconnect as end:
            connection.close(end.code)
        except Exception:
            log.exception("a live command failed")
            connection.close(CloseCode.INTERNAL)

    async def introduce(self, connection: Connection, request: Connect) -> None:
        """Connect a client that can only listen, its result the first push; raises Refusal."""
        try:
            result = await self._connect(connection, request)
        except Disconnect as end:
            connection.close(end.code)
        except Refusal:
            raise
        except Exception:
            log.exception("a listener could not be connected")
            connection.close(CloseCode.INTERNAL)
        else:
            connection.answer(Message(encode_connection({**result, "pong": False})))

    async def _execute(
        self, connection: Connection, command: Connect | Question | Rejected | Pong | Send
    ) -> None:
        if isinstance(command, Pong):
            connection.pong()
            return
        opening = isinstance(command, Connect) or (
            isinstance(command, Rejected) and command.method == "connect"
        )
        identity = connection.identity
        if opening != (identity is None):
            raise Disconnect(CloseCode.BAD_REQUEST)
        if isinstance(command, Send):
            return
        try:
            method, result = await self._answer(connection, identity or Identity(), command)
        except Refusal as refusal:
            connection.answer(Message(encode_error(command.id, refusal.code)))
        else:
            connection.answer(Message(encode_reply(command.id, method, result)))

    async def _answer(
        self, connection: Connection, who: Identity, command: Connect | Question | Rejected
    ) -> tuple[str, Result]:
        match command:
            case Subscribe():
                return "subscribe", await self._subscribe(connection, command.channel, command.position)
            case Unsubscribe():
                self.hub.unsubscribe(connection, command.channel)
                return "unsubscribe", {}
            case Rpc():
                return "rpc", {"data": await self._call(who, command.method)}
            case Connect():
                return "connect", await self._connect(connection, command)
            case Refresh():
                return "refresh", await self._refresh(connection, who, command)
            case History():
                return "history", describe_past(await self.hub.history(who, command.channel, command.span))
            case Inquiry(method="presence", channel=channel):
                return "presence", describe_presence(await self.hub.presence.name(who, channel))
            case Inquiry(method=method, channel=channel):
                return method, describe_presence_stats(await self.hub.presence.count(who, channel))
            case Rejected():
                raise Refusal(command.code)

    async def _call(self, who: Identity, method: str) -> Result:
        if method == "channels":
            async with self.hub.reading("the list of channels"):
                listed = [await space.listed(who) for space in self.hub.namespaces]
            return {"channels": [name for names in listed for name in names]}
        if method == "time":
            return {"time": self.hub.clock()}
        raise Refusal(ErrorCode.METHOD_NOT_FOUND)

    async def _connect(self, connection: Connection, command: Connect) -> Result:
        if len(command.subs) > self.hub.limits.max_channels:
            raise Disconnect(CloseCode.CHANNEL_LIMIT)
        shown = connection.credentials or Credentials()
        authorization = command.headers.get("authorization") or shown.authorization
        identity = await self._recognise(replace(shown, token=command.token, authorization=authorization))
        if connection.closed:
            raise Disconnect(CloseCode.CLOSED)
        connection.admit(identity, self.hub.new_id())
        return self._describe(connection, identity) | {
            "ping": self.hub.limits.announced_ping,
            "pong": True,
            "session": self.hub.new_id(),
            "node": self.hub.node,
            "subs": await self._subscribe_all(connection, command.subs),
        }

    async def _recognise(self, credentials: Credentials) -> Identity:
        with self.hub.arriving() as revoked:
            identity = await self._authenticate(credentials)
        if any(matches(identity) for matches in revoked):
            raise Disconnect(CloseCode.FORCED)
        if identity.expires_at is not None and identity.expires_at <= self.hub.clock():
            raise Refusal(ErrorCode.TOKEN_EXPIRED)
        return identity

    def _describe(self, connection: Connection, identity: Identity) -> dict[str, Any]:
        described: dict[str, Any] = {"client": connection.client, "version": self.hub.version}
        if identity.expires_at is not None:
            left = math.ceil(identity.expires_at - self.hub.clock())
            described |= {"expires": True, "ttl": max(left, 1)}
        return described

    async def _subscribe_all(self, connection: Connection, subs: Mapping[str, Position]) -> dict[str, Result]:
        """Subscribe to what may be subscribed to; the reply has no place for the reasons of the rest.

        All are settled at once, when the last one was read for: what a client is pushed before its reply
        is lost on it.
        """
        answers = await asyncio.gather(
            *(self.hub.approach(connection, channel, position) for channel, position in subs.items()),
            return_exceptions=True,
        )
        results: dict[str, Result] = {}
        for channel, answer in zip(subs, answers, strict=True):
            if isinstance(answer, BaseException):
                if not isinstance(answer, Refusal):
                    raise answer
                continue
            with contextlib.suppress(Refusal):
                results[channel] = describe_subscription(self.hub.admit(answer))
        return results

    async def _subscribe(self, connection: Connection, channel: str, position: Position) -> Result:
        return describe_subscription(await self.hub.subscribe(connection, channel, position))

    async def _refresh(self, connection: Connection, who: Identity, command: Refresh) -> Result:
        identity = await self._recognise(Credentials(token=command.token))
        if identity.user != who.user:
            raise Disconnect(CloseCode.INVALID_TOKEN)
        connection.identify(identity)
        return self._describe(connection, identity)
