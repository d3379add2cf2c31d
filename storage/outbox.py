"""Messages of stream channels: written with the change that causes them, kept for whoever was away."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from storage.database import Database, Index, Restart, index
from storage.driver import Document, DuplicateKeyError, ObjectId, ReturnDocument, Session

DELETED: Mapping[str, Any] = {"deleted": True}
EPOCH_BYTES = 6


@dataclass(frozen=True, slots=True)
class Retention:
    """How much of a channel is kept: its newest `size` messages, none for longer than `seconds`."""

    size: int = 1000
    seconds: int = 86_400


USUAL = Retention()


@dataclass(frozen=True, slots=True)
class Posted:
    """A message of a channel."""

    channel: str
    epoch: str
    offset: int
    data: Mapping[str, Any]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Posted:
        """Read the stored form."""
        return cls(row["channel"], row["epoch"], row["offset"], row["data"])


class Message(NamedTuple):
    """What is to be posted; `about` names the person whose deletion takes the content back."""

    channel: str
    data: Mapping[str, Any]
    about: ObjectId | None = None


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Where a channel stands and a part of what it said.

    `whole` is False where the place that was asked for is not in what is kept.
    """

    epoch: str
    offset: int
    messages: tuple[Posted, ...]
    whole: bool


class Outbox:
    """Rows of `outbox` under a counter of each channel in `channels`: {_id: channel, epoch, offset}.

    Whoever takes an offset has to write the counter after the one before has committed, so the order of
    offsets is the order of commits and of the change stream; an aborted transaction takes its offset
    back, so none is missing. An epoch lasts as long as its counter: offsets never start anew within one.
    """

    INDEXES: tuple[Index, ...] = (
        index("outbox", "channel", "epoch", "offset", unique=True),
        index("outbox", "expires", expire_after=0),
        index("outbox", "about", partial={"about": {"$exists": True}}),
    )

    def __init__(
        self, database: Database, retention: Retention, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._channels = database["channels"]
        self._rows = database["outbox"]
        self._clock = clock
        self.retention = retention

    async def add(
        self, channel: str, data: Mapping[str, Any], session: Session, *, about: ObjectId | None = None
    ) -> int:
        """Post a message in the caller's transaction, as its last step; return its offset.

        `about` names the person whose deletion takes the content back; the transaction has to hold them.
        """
        counter = await self._advance(channel, 1, session)
        await self._rows.insert_one(self._row(counter, Message(channel, data, about)), session=session)
        return int(counter["offset"])

    async def add_all(self, messages: Sequence[Message], session: Session) -> None:
        """Post messages like `add`, those of one channel in the order given."""
        counters: dict[str, Document] = {}
        # Two that post to the same channels take them in the same order: fewer have to start anew.
        for channel, number in sorted(Counter(each.channel for each in messages).items()):
            counters[channel] = await self._advance(channel, number, session)
            counters[channel]["offset"] -= number
        rows = []
        for message in messages:
            counters[message.channel]["offset"] += 1
            rows.append(self._row(counters[message.channel], message))
        if rows:
            await self._rows.insert_many(rows, session=session)

    def _row(self, counter: Document, message: Message) -> Document:
        row = {
            "channel": counter["_id"],
            "epoch": counter["epoch"],
            "offset": counter["offset"],
            "data": dict(message.data),
            "expires": self._moment(self.retention.seconds),
        }
        return row | ({"about": message.about} if message.about else {})

    async def _advance(self, channel: str, by: int, session: Session | None = None) -> Document:
        made = {"epoch": secrets.token_urlsafe(EPOCH_BYTES)}
        try:
            counter = await self._channels.find_one_and_update(
                {"_id": channel},
                {"$inc": {"offset": by}, "$setOnInsert": made},
                upsert=True,
                return_document=ReturnDocument.AFTER,
                session=session,
            )
        except DuplicateKeyError as error:
            # Somebody else makes the same channel in this moment.
            raise Restart from error
        assert counter is not None
        return counter

    def _moment(self, seconds: float = 0) -> datetime:
        return datetime.fromtimestamp(self._clock() + seconds, UTC)

    async def read(
        self,
        channel: str,
        since: tuple[str, int] | None = None,
        limit: int | None = None,
        *,
        reverse: bool = False,
    ) -> Excerpt:
        """Read what follows `since` (epoch, offset), or in reverse what comes before it, newest first.

        The counter is read first: the messages up to where it stands are committed with it.
        """
        counter = await self._stand(channel)
        epoch, top = counter["epoch"], counter["offset"]
        reachable = since is None or (since[0] == epoch and since[1] <= top)
        if limit == 0 or not reachable:
            if reachable and since is not None and not reverse:
                reachable = await self._keeps(channel, epoch, since[1] + 1, top)
            return Excerpt(epoch, top, (), reachable)
        low, high = self._bounds(since, top, reverse=reverse)
        rows = await self._find(channel, epoch, low, high, reverse=reverse).limit(limit or 0).to_list(None)
        messages = tuple(Posted.of(row) for row in rows)
        whole = True
        if since is not None and not reverse:
            wanted = min(top - since[1], limit or top)
            whole = [each.offset for each in messages] == list(range(since[1] + 1, since[1] + 1 + wanted))
        return Excerpt(epoch, top, messages, whole)

    async def _stand(self, channel: str) -> Document:
        """Return the counter; a channel that nobody has written to gets its epoch when it is first read."""
        counter = await self._channels.find_one({"_id": channel})
        while counter is None:
            try:
                counter = await self._advance(channel, 0)
            except Restart:
                continue
        return counter

    def _bounds(self, since: tuple[str, int] | None, top: int, *, reverse: bool) -> tuple[int, int]:
        """Return the offsets to look at, both included; what is past HISTORY_SIZE may still be stored."""
        oldest = top - self.retention.size + 1
        if since is None:
            return oldest, top
        return (oldest, since[1] - 1) if reverse else (max(oldest, since[1] + 1), top)

    async def _keeps(self, channel: str, epoch: str, offset: int, top: int) -> bool:
        """Tell whether everything from an offset on is kept."""
        if offset > top:
            return True
        found = self._find(channel, epoch, top - self.retention.size + 1, top)
        oldest = await found.limit(1).to_list(None)
        return bool(oldest) and oldest[0]["offset"] <= offset

    def _find(self, channel: str, epoch: str, low: int, high: int, *, reverse: bool = False) -> Any:
        """Find by count and age, whatever trimming and the database's own expiry have left."""
        kept = {
            "channel": channel,
            "epoch": epoch,
            "offset": {"$gte": low, "$lte": high},
            "expires": {"$gt": self._moment()},
        }
        return self._rows.find(kept).sort("offset", -1 if reverse else 1)

    async def redact(self, person: ObjectId, session: Session, channel: str | None = None) -> None:
        """Take back what is said about a person, on one channel or all; the offsets stay.

        Part of their deletion, or of what takes them out of sight.
        """
        taken = {"$set": {"data": dict(DELETED)}, "$unset": {"about": ""}}
        found = {"about": person} | ({"channel": channel} if channel is not None else {})
        await self._rows.update_many(found, taken, session=session)

    async def trim(self, channel: str) -> None:
        """Remove what is past HISTORY_SIZE."""
        counter = await self._channels.find_one({"_id": channel})
        if counter is not None:
            past = {"channel": channel, "offset": {"$lte": counter["offset"] - self.retention.size}}
            await self._rows.delete_many(past)
