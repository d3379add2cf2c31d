"""Subscriptions: which comics an account follows, each of them once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from weakref import WeakValueDictionary

from storage.comics.conditions import Selection
from storage.comics.following import Following
from storage.comics.objects import Subscription
from storage.comics.pages import PATIENCE
from storage.counters import Counters
from storage.database import Database, Index, index, is_duplicate
from storage.driver import PyMongoError, Session, UpdateOne
from storage.errors import Departed, NotFound, Rejected, Taken
from storage.presence import hold
from storage.traces import Trace

COLLECTION = "comic_subscriptions"


@dataclass(frozen=True, slots=True)
class Entry:
    """A subscription to be: a new one, or another comic for the one with an id."""

    comic_id: int
    id: int | None = None


class AlreadySubscribed(Taken):
    """The account follows the comic by another subscription."""

    def __init__(self) -> None:
        super().__init__("subscription")


class UnknownComic(Rejected):
    """There is no comic with the id."""

    def __init__(self, comic_id: int) -> None:
        super().__init__("comic", f"{comic_id} does not exist")
        self.comic_id = comic_id


class Draft:
    """An account's subscriptions (comic by id) while one request changes them; `changed` is to be stored."""

    def __init__(self, stored: Mapping[int, int], comics: frozenset[int]) -> None:
        self._comics = comics
        self._stored = dict(stored)
        self._followed = set(stored.values())
        self.changed: list[tuple[int, int]] = []

    def put(self, entry: Entry, fresh: Iterator[int]) -> None:
        """Add or change one; raises NotFound, UnknownComic, AlreadySubscribed."""
        if entry.id is not None and entry.id not in self._stored:
            raise NotFound("subscription")
        if entry.comic_id not in self._comics:
            raise UnknownComic(entry.comic_id)
        if entry.id is not None:
            if self._stored[entry.id] == entry.comic_id:
                return
            self._followed.discard(self._stored[entry.id])
        if entry.comic_id in self._followed:
            raise AlreadySubscribed
        number = next(fresh) if entry.id is None else entry.id
        self._stored[number] = entry.comic_id
        self._followed.add(entry.comic_id)
        self.changed.append((number, entry.comic_id))

    def drop(self, number: int) -> None:
        """Take one away; raises NotFound."""
        if self._stored.pop(number, None) is None:
            raise NotFound("subscription")


class Subscriptions:
    """Rows of `comic_subscriptions`: {_id, user_id, comic_id}, by the integer id of the account.

    Every change is one transaction that holds the account, so those of one account follow one another.
    """

    INDEXES: tuple[Index, ...] = (
        index(COLLECTION, "user_id", "comic_id", unique=True),
        index(COLLECTION, "user_id", "_id"),
        index(COLLECTION, "comic_id"),
    )
    TRACES = (Trace(COLLECTION, "user_id", by="id"),)

    def __init__(self, database: Database, counters: Counters) -> None:
        self._database = database
        self._rows = database[COLLECTION]
        self._comics = database["comics"]
        self._users = database["users"]
        self._counters = counters
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def listing(self, reader: int, selection: Selection, patience: int = PATIENCE) -> Following:
        """List what an account follows, by id; `patience` bounds each query, in milliseconds."""
        return Following(self._database, reader, selection, patience)

    async def find(self, reader: int, number: int) -> Subscription | None:
        """Find one of an account's subscriptions."""
        row = await self._rows.find_one({"_id": number, "user_id": reader})
        return Subscription.of(row) if row is not None else None

    async def add(self, reader: int, comic_id: int) -> int:
        """Follow a comic; return the new id; raises Departed, UnknownComic, AlreadySubscribed."""
        (number,) = await self.apply(reader, [Entry(comic_id)], [])
        return number

    async def change(self, reader: int, number: int, comic_id: int) -> None:
        """Follow another comic by the same id; raises Departed, NotFound, UnknownComic, AlreadySubscribed."""
        await self.apply(reader, [Entry(comic_id, number)], [])

    async def remove(self, reader: int, number: int) -> None:
        """Follow a comic no longer; raises NotFound."""
        await self.apply(reader, [], [number])

    async def apply(self, reader: int, entries: Sequence[Entry], deleted: Sequence[int]) -> Sequence[int]:
        """Put the entries in their order, then drop what is deleted: all or nothing; return the new ids.

        Raises Departed, and what the first entry raises that cannot be.
        """
        new = sum(entry.id is None for entry in entries)
        first = await self._counters.take(COLLECTION, count=new) if new else 0
        fresh = range(first, first + new)

        async def work(session: Session) -> None:
            await self._hold(reader, session)
            draft = Draft(await self._stored(reader, session), await self._known(entries, session))
            numbers = iter(fresh)
            for entry in entries:
                draft.put(entry, numbers)
            for number in deleted:
                draft.drop(number)
            await self._store(reader, draft, deleted, session)

        turn = self._turns.setdefault(reader, asyncio.Lock())
        async with turn:  # side by side they would only make one another start anew
            await self._database.transaction(work)
        return fresh

    async def _hold(self, reader: int, session: Session) -> None:
        person = await self._users.find_one({"id": reader}, {"_id": 1}, session=session)
        if person is None:
            raise Departed
        await hold(self._users, person["_id"], session)

    async def _stored(self, reader: int, session: Session) -> dict[int, int]:
        rows = await self._rows.find({"user_id": reader}, session=session).to_list(None)
        return {row["_id"]: row["comic_id"] for row in rows}

    async def _known(self, entries: Sequence[Entry], session: Session) -> frozenset[int]:
        wanted = {"_id": {"$in": list({entry.comic_id for entry in entries})}}
        rows = await self._comics.find(wanted, {"_id": 1}, session=session).to_list(None)
        return frozenset(row["_id"] for row in rows)

    async def _store(self, reader: int, draft: Draft, deleted: Sequence[int], session: Session) -> None:
        writes = [
            UpdateOne({"_id": number, "user_id": reader}, {"$set": {"comic_id": comic_id}}, upsert=True)
            for number, comic_id in draft.changed
        ]
        try:
            if writes:  # in their order: one may free the comic that the next one takes
                await self._rows.bulk_write(writes, ordered=True, session=session)
        except PyMongoError as error:
            if is_duplicate(error):
                raise AlreadySubscribed from error
            raise
        if deleted:
            gone = {"_id": {"$in": list(deleted)}, "user_id": reader}
            await self._rows.delete_many(gone, session=session)
