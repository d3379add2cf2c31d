"""The channel that says every message once, in order, and lets whoever was away catch up."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from realtime.channel import PENDING, Channel, Said
from realtime.channels import Past, Publication, Since, StreamNamespace
from realtime.codes import ErrorCode, Refusal
from realtime.frames import Message
from realtime.history import History
from realtime.protocol import Position, Subscribed, encode_publication

LONGEST_WAIT = 1000  # messages that are remembered for those whose subscription is being read


class StreamChannel(Channel):
    """Says every message that the feed brings.

    `room` is how many bytes of history go into one reply. A message that neither follows the last one nor
    repeats an older one shows that the feed lost something: the channel then contradicts itself.
    """

    __slots__ = ("_epoch", "_history", "_queue", "_recent", "_room", "_top")

    def __init__(self, name: str, namespace: StreamNamespace, key: str, room: int) -> None:
        super().__init__(name, namespace, key)
        self._room = room
        self._history = History(lambda span: namespace.recall(key, span))
        self._epoch: str | None = None
        self._top: int | None = None
        self._queue: list[Publication] = []
        self._recent: deque[Publication] = deque(maxlen=LONGEST_WAIT)

    async def read(self, position: Position) -> Past:
        """Read where the stream stands and, for whoever was there before, what it said since."""
        place = Since(position.epoch, position.offset) if position.recover else None
        return await self._history.since(place)

    def contradicts(self, found: Publication | Past) -> bool:
        """Tell whether it is of another epoch, or a message that leaves a gap."""
        if self._epoch is None or self._top is None:
            return False
        gap = isinstance(found, Publication) and found.offset > self._top + 1
        return gap or found.epoch != self._epoch

    def forget(self) -> None:
        """Let the next message be the first."""
        self._epoch = self._top = None
        self._queue = []
        self._recent.clear()

    def welcome(self, found: Past, position: Position) -> Subscribed:
        """Hand over what was missed, with what came in since the history was read."""
        recent = [each for each in self._recent if each.offset > found.offset]
        if recent and recent[0].offset != found.offset + 1:
            raise Refusal(ErrorCode.INTERNAL)
        if self._top is None:
            self._epoch, self._top = found.epoch, found.offset
        missed = [*found.publications, *recent]
        recovered = position.recover and found.whole and measure(missed) <= self._room
        return Subscribed(
            found.epoch,
            recent[-1].offset if recent else found.offset,
            missed if recovered else (),
            was_recovering=position.recover,
            recovered=recovered,
        )

    def observe(self, publication: Publication) -> bool:
        """Queue a message, unless it was heard before; keep it for those who are being read for."""
        if self._top is not None and publication.offset <= self._top:
            return False
        self._epoch, self._top = publication.epoch, publication.offset
        if PENDING in self.subscribers.values():
            self._recent.append(publication)
        else:
            self._recent.clear()
        self._queue.append(publication)
        return True

    def speak(self, now: float) -> Sequence[Said]:
        """Return all that is queued, each under a key of its own: none may replace another."""
        self.delayed = False
        queue, self._queue = self._queue, []
        messages = [(Message(encode_publication(self.name, each)), each.offset) for each in queue]
        return [Said(message, message, offset) for message, offset in messages]


def measure(publications: Sequence[Publication]) -> int:
    """Return about how many bytes the publications take in a reply."""
    return sum(len(each.data) + 40 for each in publications)


def fit(past: Past, room: int) -> Past:
    """Leave out the end of a history that is too long for one reply; clients ask on from where it stops."""
    kept: list[Publication] = []
    for publication in past.publications:
        room -= measure([publication])
        if room < 0:
            break
        kept.append(publication)
    return Past(past.epoch, past.offset, kept, past.whole)
