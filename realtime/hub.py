"""The hub: channels to connections. It knows neither where messages come from nor what carries them away."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NamedTuple

from realtime.channel import PENDING, Channel, StateChannel
from realtime.channels import Identity, Namespace, Past, Publication, Span, StreamNamespace
from realtime.codes import CloseCode, ErrorCode, Refusal
from realtime.connection import Connection
from realtime.fanout import SLICE, FanOut, cut
from realtime.frames import Message
from realtime.limits import Limits
from realtime.presence import Presence
from realtime.protocol import Position, Subscribed, encode_unsubscription
from realtime.stream import StreamChannel, fit
from realtime.wheel import TICK, Wheel

CHANNEL = re.compile(r"([^:#]+)([:#])(.*)", re.DOTALL)
READERS = 16  # channels that a resync reads side by side
NOWHERE = Position()
FAREWELL = 2.0  # seconds that clients have to answer the closing handshake at shutdown
LAST_WORDS = 0.2  # seconds that publications have to go out before revoked connections end

Matches = Callable[[Identity], bool]

log = logging.getLogger(__name__)


class Arrival(NamedTuple):
    """A subscription that is registered and read for, and hears nothing until it is settled."""

    connection: Connection
    channel: Channel
    found: Any
    position: Position


def make_id() -> str:
    """Return a random UUID as text."""
    return str(uuid.uuid4())


class Hub:
    """Everybody who is connected to this process, and what they listen to.

    Counters for the metrics: `publications`, `deliveries`, `slow_disconnects`; gauges: `connections`
    (its length) and `subscriptions`.
    """

    def __init__(
        self,
        namespaces: Iterable[Namespace],
        limits: Limits,
        *,
        version: str,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        new_id: Callable[[], str] = make_id,
    ) -> None:
        self.namespaces = tuple(namespaces)
        self.limits = limits
        self.version = f"folkmoot {version}"
        self.clock = clock
        self.monotonic = monotonic
        self.new_id = new_id
        self.node = new_id()
        self.wheel: Wheel[Connection] = Wheel(monotonic())
        self.connections: set[Connection] = set()
        self.channels: dict[str, Channel] = {}
        self.subscriptions = 0
        self.slow_disconnects = 0
        self.presence = Presence(self)
        self._by_prefix = {space.name + space.boundary: space for space in self.namespaces}
        self._fan_out = FanOut(monotonic)
        self._unsent: list[Connection] = []
        self._arriving: dict[object, list[Matches]] = {}
        self._turning: asyncio.Task[None] | None = None
        self._stopping = False
        self._emptied = asyncio.Event()

    @property
    def publications(self) -> int:
        """Return how many messages were published to subscribers."""
        return self._fan_out.publications

    @property
    def deliveries(self) -> int:
        """Return how many receivers the publications had in total."""
        return self._fan_out.deliveries

    # Life

    def start(self) -> None:
        """Start the clockwork of pings and deadlines; needs the running loop."""
        self._turning = asyncio.create_task(self._turn_wheel())

    async def _turn_wheel(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self.wheel.turn(self.monotonic())

    async def shutdown(self) -> None:
        """Close every connection with 3001 and wait a moment for their good-byes."""
        self._stopping = True
        await self.settle()
        await self.disconnect(lambda _: True, CloseCode.SHUTDOWN)
        if self.connections:
            self._emptied.clear()
            try:
                await asyncio.wait_for(self._emptied.wait(), FAREWELL)
            except TimeoutError:
                log.info("%d clients did not say good-bye", len(self.connections))
        if self._turning is not None:
            self._turning.cancel()

    @contextmanager
    def arriving(self) -> Iterator[list[Matches]]:
        """Collect what is revoked while somebody's credential is being looked at: it may count for them."""
        key, revoked = object(), list[Matches]()
        self._arriving[key] = revoked
        try:
            yield revoked
        finally:
            del self._arriving[key]

    async def revoke(self, matches: Matches) -> None:
        """Close the connections that a revoked credential opened, and those that it is just opening.

        What was published before, of a new password perhaps, reaches them first.
        """
        for revoked in self._arriving.values():
            revoked.append(matches)
        await self._fan_out.settle(LAST_WORDS)
        await self.disconnect(matches, CloseCode.FORCED)

    async def disconnect(self, matches: Matches, code: CloseCode) -> None:
        """Close the connections whose identity matches; who has not connected yet counts as anonymous."""
        for part in cut(self.connections):
            for connection in part:
                if matches(connection.identity or Identity()):
                    connection.close(code)
            await asyncio.sleep(0)

    def add(self, connection: Connection) -> CloseCode | None:
        """Take a connection in; the code says why not."""
        self.connections.add(connection)
        if self._stopping:
            return CloseCode.SHUTDOWN
        full = len(self.connections) > self.limits.max_connections
        return CloseCode.CONNECTION_LIMIT if full else None

    def remove(self, connection: Connection) -> None:
        """Forget a connection whose socket is gone."""
        self.connections.discard(connection)
        if not self.connections:
            self._emptied.set()

    def flush_soon(self, connection: Connection) -> None:
        """Flush the connection when this turn of the loop is over, so that its answers go out together."""
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._flush)
        self._unsent.append(connection)

    def _flush(self) -> None:
        part, self._unsent = self._unsent[:SLICE], self._unsent[SLICE:]
        for connection in part:
            connection.flush()
        if self._unsent:
            asyncio.get_running_loop().call_soon(self._flush)

    # Subscriptions

    def find_namespace(self, name: str) -> tuple[Namespace, str]:
        """Return a channel's namespace and key, or refuse with 102."""
        single = self._by_prefix.get(name)
        if single is not None:
            return single, ""
        match = CHANNEL.fullmatch(name)
        space = match and self._by_prefix.get(match[1] + match[2])
        if match is None or space is None:
            raise Refusal(ErrorCode.UNKNOWN_CHANNEL)
        return space, match[3]

    async def subscribe(self, connection: Connection, name: str, position: Position = NOWHERE) -> Subscribed:
        """Subscribe, and return where the channel stands: publications follow without gap or repetition."""
        return self.admit(await self.approach(connection, name, position))

    async def approach(self, connection: Connection, name: str, position: Position) -> Arrival:
        """Register and read: the connection hears nothing until its subscription is admitted.

        It is registered before the read begins, so that no change can fall between the two.
        """
        channel = self._register(connection, name)
        who = connection.identity or Identity()
        try:
            async with self.reading(name):
                await channel.namespace.authorise(who, channel.key)
                return Arrival(connection, channel, await channel.read(position), position)
        except BaseException:
            self._leave(connection, channel)
            raise

    @asynccontextmanager
    async def reading(self, name: str) -> AsyncIterator[None]:
        """Bound a read in time; refuse with 100 where it fails."""
        try:
            async with asyncio.timeout(self.limits.read_seconds):
                yield
        except Refusal:
            raise
        except Exception as error:
            log.warning("reading %s failed: %r", name, error)
            raise Refusal(ErrorCode.INTERNAL) from error

    def _register(self, connection: Connection, name: str) -> Channel:
        space, key = self.find_namespace(name)
        if name in connection.channels:
            raise Refusal(ErrorCode.ALREADY_SUBSCRIBED)
        if len(connection.channels) >= self.limits.max_channels:
            raise Refusal(ErrorCode.LIMIT_EXCEEDED)
        if connection.closed:
            raise Refusal(ErrorCode.INTERNAL)
        channel = self.channels.get(name)
        if channel is None:
            channel = self.channels[name] = self._open(name, space, key)
        channel.subscribers[connection] = PENDING
        connection.channels[name] = channel
        self.subscriptions += 1
        return channel

    def _open(self, name: str, space: Namespace, key: str) -> Channel:
        if isinstance(space, StreamNamespace):
            return StreamChannel(name, space, key, self.room)
        return StateChannel(name, space, key)

    @property
    def room(self) -> int:
        """Return how many bytes of history fit into a reply, beside what else waits for the socket."""
        return self.limits.send_buffer_bytes // 2

    def admit(self, arrival: Arrival) -> Subscribed:
        """Let an arrived connection hear what comes from now on; its reply has to go out in this turn."""
        connection, channel, found, position = arrival
        if connection.channels.get(channel.name) is not channel:
            # Ended while the read ran, perhaps because the object just vanished: ask again.
            raise Refusal(ErrorCode.INTERNAL)
        if channel.contradicts(found):
            self._restart(channel)
        try:
            subscribed = channel.welcome(found, position)
        except Refusal:
            self._leave(connection, channel)
            raise
        channel.subscribers[connection] = subscribed.offset
        if channel.behind():
            # This read was ahead of the changes; they will bring nothing new for the others.
            self._schedule(channel)
        return subscribed

    async def check(self, who: Identity, name: str) -> None:
        """Refuse who may not subscribe, and what does not exist."""
        space, key = self.find_namespace(name)
        await space.authorise(who, key)
        channel = self.channels.get(name)
        known = channel is not None and any(offset != PENDING for offset in channel.subscribers.values())
        if not known and not isinstance(space, StreamNamespace) and await space.read(key) is None:
            raise Refusal(ErrorCode.UNKNOWN_CHANNEL)

    async def history(self, who: Identity, name: str, span: Span) -> Past:
        """Read a part of what a stream has said; refuses with 112 where it begins in what is not kept."""
        space, key = self.find_namespace(name)
        async with self.reading(name):
            await self.check(who, name)
            if not isinstance(space, StreamNamespace):
                raise Refusal(ErrorCode.NOT_AVAILABLE)
            past = await space.recall(key, span)
        if not past.whole:
            raise Refusal(ErrorCode.UNRECOVERABLE_POSITION)
        return fit(past, self.room)

    def _restart(self, channel: Channel) -> None:
        """Have everybody subscribe anew: what comes now can't follow what they have."""
        self._end_subscriptions(channel)
        channel.forget()

    def unsubscribe(self, connection: Connection, name: str) -> None:
        """End a subscription at the client's wish; none is no error."""
        channel = connection.channels.get(name)
        if channel is not None:
            self._leave(connection, channel)

    def leave_all(self, connection: Connection) -> None:
        """End all subscriptions of a connection."""
        for channel in list(connection.channels.values()):
            self._leave(connection, channel)

    def _leave(self, connection: Connection, channel: Channel) -> None:
        if channel.subscribers.pop(connection, None) is not None:
            self.subscriptions -= 1
        if connection.channels.get(channel.name) is channel:
            del connection.channels[channel.name]
        if not channel.subscribers and self.channels.get(channel.name) is channel:
            del self.channels[channel.name]

    def _end_subscriptions(self, channel: Channel) -> None:
        """End the subscriptions that were answered; SDKs ask again by themselves."""
        ended = Message(encode_unsubscription(channel.name))
        for connection, offset in list(channel.subscribers.items()):
            if offset != PENDING:
                self.unsubscribe(connection, channel.name)
                connection.dismiss(ended)

    def expel(self, connection: Connection, channel: Channel) -> None:
        """End one subscription; one that was not answered yet is refused as worth another try."""
        answered = channel.subscribers.get(connection, PENDING) != PENDING
        self._leave(connection, channel)
        if answered:
            connection.dismiss(Message(encode_unsubscription(channel.name)))

    # Publications

    def publish(self, name: str, publication: Publication | None) -> None:
        """Publish what a channel has to say; None ends its subscriptions.

        States go out at most once in CONFLATION_MS, messages of a stream at once.
        """
        channel = self.channels.get(name)
        if channel is None:
            return
        if publication is None:
            self._end(channel)
            return
        if channel.contradicts(publication):
            self._restart(channel)
        if channel.observe(publication):
            self._schedule(channel)

    def _end(self, channel: Channel) -> None:
        """End all subscriptions; those that were not answered yet are refused as worth another try."""
        self._end_subscriptions(channel)
        for connection in list(channel.subscribers):
            self._leave(connection, channel)

    def _schedule(self, channel: Channel) -> None:
        if channel.delayed:
            return
        channel.delayed = True
        pause = channel.spoke_at + self.limits.conflation_ms / 1000 - self.monotonic()
        if pause <= 0:
            self._fan_out.add(channel)
        else:
            asyncio.get_running_loop().call_later(pause, self._fan_out.add, channel)

    async def settle(self) -> None:
        """Wait until what is due now has been handed out."""
        await self._fan_out.settle()

    async def resync(self) -> None:
        """Mend what missed changes may have left: states are read again, streams subscribed to anew."""
        limit = asyncio.Semaphore(READERS)
        async with asyncio.TaskGroup() as group:
            for channel in list(self.channels.values()):
                if isinstance(channel, StateChannel):
                    group.create_task(self._reread(channel, limit))
                else:
                    self._end(channel)

    async def _reread(self, channel: StateChannel, limit: asyncio.Semaphore) -> None:
        async with limit:
            state = await channel.current()
        if self.channels.get(channel.name) is channel:
            self.publish(channel.name, state)
