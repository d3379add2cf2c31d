"""A subscriber that speaks the protocol itself and writes down whatever it is told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.realtime.oracle.ledger import Contradiction, Ledger, demand, open_ledger

LONGEST_WAIT = 20.0  # seconds

Body = Mapping[str, Any]
# Turns what one frame pushed into what the subscriber is shown: how a control lies to it.
Tamper = Callable[[Sequence[Body]], Sequence[Body]]


class Refused(Exception):
    """A command that was answered with an error."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class Gone(ConnectionError):
    """The connection ended before the answer came."""


def tell_truth(pushes: Sequence[Body]) -> Sequence[Body]:
    """Show what was pushed."""
    return pushes


class Listener:
    """One subscriber; its ledgers outlive its connections. `code` is how the last one ended."""

    def __init__(self, name: str, token: str, kept: int, tamper: Tamper = tell_truth) -> None:
        self.name = name
        self.token = token
        self.kept = kept
        self.tamper = tamper
        self.ledgers: dict[str, Ledger] = {}
        self.subscribed: set[str] = set()
        self.ended: list[str] = []  # channels whose subscription the server ended
        self.connections = 0
        self.failure: Exception | None = None
        self.code: int | None = None
        self.turn = asyncio.Lock()
        self._changed = asyncio.Condition()
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._waiting: dict[int, tuple[asyncio.Future[Any], Callable[[Body], None]]] = {}
        self._leaving: set[str] = set()
        self._number = 0

    # Connecting

    @property
    def connected(self) -> bool:
        """Tell whether there is a connection."""
        return self._socket is not None

    async def connect(self, url: str, channels: Sequence[str] = ()) -> None:
        """Connect and, in the same command, come back to channels; raises Refused and Gone."""
        self._socket = await connect(url, proxy=None, compression=None, max_size=None)
        self.code = None
        self.connections += 1
        self._reader = asyncio.create_task(self._read(self._socket))
        subs = {name: self._ledger(name).come_back() for name in channels}
        await self._ask("connect", {"token": self.token, "subs": subs}, self._enter)

    def _enter(self, reply: Body) -> None:
        for name, each in reply["subs"].items():
            self._welcome(name, each)

    async def drop(self) -> None:
        """Cut the line, as a train in a tunnel does."""
        if self._socket is not None:
            self._socket.transport.abort()
            await self.until(lambda: not self.connected)

    async def close(self) -> None:
        """Leave for good."""
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await self._reader

    # Asking

    async def subscribe(self, name: str, *, recover: bool) -> None:
        """Subscribe, from where the ledger stands or anew; raises Refused and Gone."""
        ledger = self._ledger(name)
        body = ledger.come_back() if recover else ledger.begin()
        await self._ask("subscribe", {"channel": name, **body}, lambda reply: self._welcome(name, reply))

    async def unsubscribe(self, name: str) -> None:
        """Give a channel back; what is still on its way is not heard any more."""
        if name in self.subscribed:
            self.subscribed.discard(name)
            self._leaving.add(name)
        await self._ask("unsubscribe", {"channel": name}, lambda _: self._leaving.discard(name))

    async def history(self, name: str) -> Any:
        """Read what is kept of a stream."""
        return await self._ask("history", {"channel": name, "limit": -1})

    async def _ask(self, method: str, body: Body, take: Callable[[Body], None] = lambda _: None) -> Any:
        if self._socket is None:
            raise Gone
        self._number += 1
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[self._number] = answer, take
        command = {"id": self._number, method: body}
        with contextlib.suppress(ConnectionClosed):
            await self._socket.send(orjson.dumps(command).decode())
        return await asyncio.wait_for(answer, LONGEST_WAIT)

    def _ledger(self, name: str) -> Ledger:
        return self.ledgers.setdefault(name, open_ledger(name, self.kept))

    def _welcome(self, name: str, reply: Body) -> None:
        self._ledger(name).welcome(reply)
        self.subscribed.add(name)

    # Hearing

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for text in socket:
                try:
                    await self._take(socket, [orjson.loads(line) for line in text.splitlines()])
                except Contradiction as error:
                    self.failure = self.failure or error
                await self._tell()
        except ConnectionClosed:
            pass
        finally:
            self._socket = None
            self.code = socket.close_code
            self.subscribed.clear()
            self._leaving.clear()
            for answer, _ in self._waiting.values():
                if not answer.done():
                    answer.set_exception(Gone())
            self._waiting.clear()
            await self._tell()

    async def _take(self, socket: ClientConnection, frames: Sequence[Body]) -> None:
        """Take what came in one message, in its order."""
        for frame in frames:
            if "id" in frame:
                self._resolve(frame)
            elif "push" in frame:
                for push in self.tamper([frame["push"]]):
                    self._hear(push)
            else:
                with contextlib.suppress(ConnectionClosed):
                    await socket.send("{}")

    def _resolve(self, reply: Body) -> None:
        answer, take = self._waiting.pop(reply["id"])
        if "error" in reply:
            answer.set_exception(Refused(reply["error"]["code"]))
            return
        (result,) = (value for name, value in reply.items() if name != "id")
        try:
            take(result)
        finally:
            answer.set_result(result)

    def _hear(self, push: Body) -> None:
        name = push["channel"]
        if name in self._leaving:
            return  # it was on its way when the channel was given back
        demand(name in self.subscribed, "said to somebody who does not listen", push=push)
        if "unsubscribe" in push:
            self.subscribed.discard(name)
            self.ended.append(name)
        else:
            self.ledgers[name].hear(push["pub"])

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    # Waiting

    def check(self) -> None:
        """Raise what was found wrong so far."""
        if self.failure is not None:
            raise self.failure

    async def until(self, true: Callable[[], bool], what: str = "never came") -> None:
        """Wait until something is true; a contradiction ends it at once."""
        try:
            async with asyncio.timeout(LONGEST_WAIT), self._changed:
                await self._changed.wait_for(lambda: self.failure is not None or true())
        except TimeoutError:
            raise Contradiction(f"{self.name}: {what}") from None
        self.check()

    async def next_change(self, seconds: float) -> None:
        """Wait until anything is heard, or for so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait()


@contextlib.contextmanager
def tolerating(*codes: int) -> Iterator[None]:
    """Pass over refusals with these codes, and over a line that was cut."""
    try:
        yield
    except Gone:
        pass
    except Refused as refusal:
        if refusal.code not in codes:
            raise
