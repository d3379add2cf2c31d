"""Asks the other processes who listens to a channel, and answers them, by way of the database."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from realtime.channels import Audience
from realtime.hub import Hub
from storage.changes import Change
from storage.driver import PyMongoError
from storage.roll_calls import AUDIENCE, Question, Reply, RollCalls

BEAT = 2.0  # seconds between signs of life
PATIENCE = 1.0  # seconds that the others have to answer
FAREWELL = 1.0  # seconds for the word that this process ends

log = logging.getLogger(__name__)


@dataclass
class Asked:
    """A question on its way: whom it is for, and what came back."""

    missing: set[str]
    replies: list[Reply] = field(default_factory=list)
    complete: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, reply: Reply) -> None:
        """Take one answer."""
        self.replies.append(reply)
        self.missing.discard(reply.node)
        if not self.missing:
            self.complete.set()


class RollCall:
    """The other processes, as `realtime.presence` sees them.

    A question costs a write and one for each process's answer; subscribing costs nothing. A process that
    was killed doesn't answer, so its clients are gone at once. Nobody waits for it twice: who was silent
    has to be heard of again first.
    """

    def __init__(self, hub: Hub, calls: RollCalls) -> None:
        self._hub = hub
        self._calls = calls
        self._asked: dict[str, Asked] = {}
        self.silent: frozenset[str] = frozenset()
        self._questions: list[Question] = []
        self._noted = asyncio.Event()

    async def ask(self, channel: str, *, named: bool) -> Sequence[Audience]:
        """Return who listens on the other processes that are alive and answer in time."""
        replies = await self._put(channel, named, AUDIENCE)
        return [Audience(each.size, frozenset(each.users), each.clients) for each in replies]

    async def inquire(self, kind: str, subject: str) -> Sequence[Mapping[str, Any]]:
        """Return what the other processes that are alive, and answer in time, say about themselves."""
        return [each.facts for each in await self._put(subject, False, kind)]

    async def _put(self, subject: str, named: bool, kind: str) -> Sequence[Reply]:
        others = await self._calls.others(self._hub.node)
        if not others:
            return ()
        question = Question(self._hub.new_id(), self._hub.node, subject, named, kind)
        asked = self._asked[question.id] = Asked(set(others - self.silent))
        try:
            await self._calls.ask(question)
            if asked.missing:
                await self._await(asked)
        finally:
            del self._asked[question.id]
        self.silent = (self.silent & others) | asked.missing
        return asked.replies

    async def _await(self, asked: Asked) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asked.complete.wait(), PATIENCE)

    def note(self, change: Change | None) -> None:
        """Take note of a question of another process, or of an answer to one of this process's."""
        if change is None or change.operation != "insert" or change.document is None:
            return
        if "question" in change.document:
            self.silent -= {change.document["node"]}
            if (asked := self._asked.get(change.document["question"])) is not None:
                asked.take(Reply.of(change.document))
        elif change.document["node"] != self._hub.node:
            self._questions.append(Question.of(change.document))
            self._noted.set()

    async def run(self) -> None:
        """Answer what is asked, until cancelled."""
        while True:
            await self._noted.wait()
            self._noted.clear()
            questions, self._questions = self._questions, []
            try:
                await self._calls.reply([self._answer(each) for each in questions])
            except PyMongoError as error:
                # Whoever asked counts without this process; it may well be that it can't be reached.
                log.warning("telling who listens failed: %r", error)

    def _answer(self, question: Question) -> Reply:
        if question.kind != AUDIENCE:
            facts = self._hub.presence.inventory.here(question.kind, question.channel)
            return Reply(question.id, self._hub.node, 0, [], facts=facts)
        here = self._hub.presence.here(question.channel, named=question.named)
        return Reply(question.id, self._hub.node, here.size, sorted(here.users), here.clients)

    async def beat(self) -> None:
        """Give signs of life, until cancelled."""
        try:
            while True:
                try:
                    await self._calls.beat(self._hub.node)
                except PyMongoError as error:
                    log.warning("giving a sign of life failed: %r", error)
                await asyncio.sleep(BEAT)
        finally:
            with contextlib.suppress(PyMongoError, TimeoutError):
                await asyncio.wait_for(self._calls.leave(self._hub.node), FAREWELL)
