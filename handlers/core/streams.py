"""Stream channels over the outbox: the base of every dialect's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from realtime.channels import Change, Past, Publication, Span
from storage.extended_json import dumps
from storage.outbox import Outbox, Posted


def publish(message: Posted) -> Publication:
    """Return a stored message as the hub carries it."""
    return Publication(message.epoch, message.offset, dumps(message.data))


class OutboxChannels:
    """Namespaces whose messages are posted to the outbox; subclasses say who may subscribe."""

    name: ClassVar[str]
    boundary: ClassVar[str] = ":"
    collections = frozenset({"outbox"})

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    @property
    def prefix(self) -> str:
        """Return what the names of its channels begin with."""
        return self.name + self.boundary

    async def recall(self, key: str, span: Span) -> Past:
        """Read the history."""
        since = (span.since.epoch, span.since.offset) if span.since is not None else None
        found = await self._outbox.read(self.prefix + key, since, span.limit, reverse=span.reverse)
        return Past(found.epoch, found.offset, tuple(map(publish, found.messages)), found.whole)

    def project(self, change: Change) -> Iterable[tuple[str, Publication | None]]:
        """Turn a posted message into a publication; what is redacted or trimmed later was said before."""
        if change.operation != "insert" or change.document is None:
            return
        message = Posted.of(change.document)
        if message.channel.startswith(self.prefix):
            yield message.channel.removeprefix(self.prefix), publish(message)
