"""A bare client of the hub that comes back whenever it is cut off, as an SDK would, and keeps the books."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from tests.faults.ledger import Ledger

PAUSE = 0.05  # seconds before another try
LONGEST_WAIT = 30.0
LOST = (OSError, EOFError, ConnectionClosed, InvalidHandshake, InvalidMessage, TimeoutError)


class Listener:
    """Listens to channels at the first of its addresses that answers.

    `closes` are the codes that its connections ended with, `ends` those of its subscriptions.
    """

    def __init__(self, urls: Sequence[str], channels: Sequence[str], token: str = "") -> None:
        self.ledgers = {channel: Ledger(channel) for channel in channels}
        self.closes: list[int] = []
        self.ends: list[int] = []
        self.connections = 0
        self._urls = itertools.cycle(urls)
        self._token = token
        self._asked: dict[int, str] = {}
        self._numbers = itertools.count(2)
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Listen until cancelled."""
        for url in self._urls:
            try:
                async with connect(url, proxy=None, ping_interval=None, open_timeout=5) as line:
                    await self._listen(line)
            except LOST as error:
                if isinstance(error, ConnectionClosed) and error.rcvd is not None:
                    self.closes.append(error.rcvd.code)
            await asyncio.sleep(PAUSE)

    async def _listen(self, line: ClientConnection) -> None:
        self._asked.clear()
        await line.send(json.dumps({"id": 1, "connect": {"token": self._token}}))
        async for message in line:
            for text in str(message).split("\n"):
                await self._take(line, json.loads(text))
            self._changed.set()

    async def _take(self, line: ClientConnection, said: Mapping[str, Any]) -> None:
        if not said:
            await line.send("{}")
        elif "push" in said:
            await self._take_push(line, said["push"])
        elif said["id"] == 1:
            if "error" in said:
                await line.close()  # the next try may find the database
                return
            self.connections += 1
            for channel in self.ledgers:
                await self._ask(line, channel)
        else:
            channel = self._asked.pop(said["id"])
            if "error" in said:
                self.ends.append(said["error"]["code"])
                await asyncio.sleep(PAUSE)
                await self._ask(line, channel)
            else:
                self.ledgers[channel].welcome(said["subscribe"])

    async def _take_push(self, line: ClientConnection, push: Mapping[str, Any]) -> None:
        channel = push["channel"]
        if "unsubscribe" in push:
            self.ends.append(push["unsubscribe"]["code"])
            await self._ask(line, channel)
        else:
            self.ledgers[channel].take(push["pub"])

    async def _ask(self, line: ClientConnection, channel: str) -> None:
        number = next(self._numbers)
        self._asked[number] = channel
        await line.send(json.dumps({"id": number, "subscribe": self.ledgers[channel].position}))

    async def until(self, true: Callable[[Listener], bool], what: str = "") -> None:
        """Wait until something is true; says what was missing."""
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                while not true(self):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            places = {name: ledger.offset for name, ledger in self.ledgers.items()}
            raise AssertionError(f"{what} never came; the subscriber stands at {places}") from None

    async def reach(self, channel: str, offset: int) -> None:
        """Wait until a message, or a newer one, has come."""
        ledger = self.ledgers[channel]
        await self.until(lambda _: ledger.offset >= offset, f"message {offset} of {channel}")


@asynccontextmanager
async def listening(
    count: int, urls: Sequence[str], channels: Sequence[str], token: str = ""
) -> AsyncIterator[list[Listener]]:
    """Have several listen, each beginning at another address, once all of them are subscribed."""
    listeners = [
        Listener((*urls[number % len(urls) :], *urls[: number % len(urls)]), channels, token)
        for number in range(count)
    ]
    async with AsyncExitStack() as stack:
        tasks = [asyncio.create_task(each.run()) for each in listeners]
        stack.push_async_callback(end, tasks)
        for each in listeners:
            await each.until(lambda one: all(ledger.subscribed for ledger in one.ledgers.values()), "a reply")
        yield listeners


async def end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel tasks and raise what they failed with."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result
