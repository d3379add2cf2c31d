"""Reads of a stream's history that those share who come back together, wherever each of them left off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace

from realtime.channels import Past, Since, Span
from realtime.reading import SharedRead

WHOLE = Span(limit=None)  # all that is kept


class History:
    """One stream's past, read at most once at a time, however many ask.

    After a restart everybody comes back at once, and each was somewhere else: a round reads on from the
    one who was away longest and gives each their part, so the reads don't grow with the clients. Nothing
    is remembered between rounds: whoever asks gets a read that began afterwards, or the messages between
    an earlier one and their registration would be lost on them.
    """

    __slots__ = ("_places", "_read", "_recall")

    def __init__(self, recall: Callable[[Span], Awaitable[Past]]) -> None:
        self._recall = recall
        self._places: set[Since] = set()
        self._read: SharedRead[Past] = SharedRead(self._read_round)

    async def since(self, place: Since | None) -> Past:
        """Return where the stream stands now and, of somebody who was there before, all that followed."""
        if place is not None:
            self._places.add(place)
        return cut(await self._read(), place)

    async def _read_round(self) -> Past:
        # Taken before anything is awaited: who asks from now on belongs to the next round.
        places, self._places = self._places, set()
        if not places:
            return await self._recall(Span())
        ((epoch, _),) = Counter(place.epoch for place in places).most_common(1)
        oldest = min(place.offset for place in places if place.epoch == epoch)
        past = await self._recall(Span(Since(epoch, oldest), None))
        if past.whole or all(place.epoch != past.epoch for place in places):
            return past
        # Some have been away for too long; what is kept may do for the others.
        return await self._recall(WHOLE)


def cut(past: Past, place: Since | None) -> Past:
    """Leave of a history what follows a place; it is whole if nothing between is missing."""
    if place is None:
        return replace(past, publications=(), whole=True)
    missing = past.offset - place.offset if place.epoch == past.epoch else -1
    if missing < 0:
        return replace(past, publications=(), whole=False)
    rest = past.publications[-missing:] if missing else ()
    whole = len(rest) == missing and (not rest or rest[0].offset == place.offset + 1)
    return replace(past, publications=rest if whole else (), whole=whole)
