"""Loads what accounts have of comics: their secret keys, and which comics they follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from storage.comics.keys import KEY, SecretKeys
from storage.database import Database
from storage.driver import Collection as Rows
from storage.driver import Document, ObjectId, Session
from storage.imports import comics_models as models
from storage.imports.comics_rows import number_of
from storage.imports.entrances import IN_USE
from storage.imports.ledger import Key
from storage.imports.linked import Bound, LinkedRows, Reasons
from storage.imports.mapping import ImportMap
from storage.imports.sequences import Numbers

COLLECTION = "comic_subscriptions"
TWICE = "the account follows the comic by another subscription"
Pair = tuple[int, int]  # an account's number and a comic's


class ProfileRows(LinkedRows):
    """The loader of secret keys: each takes the place of the account's own, the first time that it comes."""

    def __init__(self, database: Database, mapping: ImportMap, keys: SecretKeys) -> None:
        super().__init__(database, mapping, models.PROFILES)
        self._users = database["users"]
        self._keys = keys

    async def store(self, bound: Sequence[Bound], session: Session) -> Reasons:
        """Replace the keys of accounts whose rows were never taken."""
        wanted = [each.fields["secret_key"] for each in bound]
        found = self._users.find({KEY: {"$in": wanted}}, {KEY: 1}, session=session)
        holders = {row["comics"]["secret_key"]: row["_id"] for row in await found.to_list(None)}
        reasons: dict[Key, str] = {}
        for each in bound:
            key, owner = each.fields["secret_key"], each.owner(self.parent)
            if not each.first:
                continue
            if holders.setdefault(key, owner) != owner:
                reasons[each.key] = IN_USE
                continue
            await self._keys.replace(owner, key, session)
        taken = {each.key: {"target": each.owner(self.parent)} for each in bound if each.key not in reasons}
        await self.remember(taken, session)
        return reasons


class Following:
    """Subscriptions by their ids while a batch changes them; `makers` are the rows that made some.

    Of several rows for one account and comic that with the lowest number stays, the others are `losers`.
    What no row made stays in any case.
    """

    def __init__(self, before: Mapping[int, Pair], makers: Mapping[int, int]) -> None:
        self._before = before
        self._after = dict(before)
        self._holders = {pair: number for number, pair in before.items()}
        self._makers = dict(makers)
        self.losers: set[int] = set()

    def own(self, number: int | None, reader: int) -> int | None:
        """Return the id that a row's subscription got earlier, if it is there and still the account's."""
        pair = None if number is None else self._before.get(number)
        return number if pair is not None and pair[0] == reader else None

    def settle(self, row: int, pair: Pair, number: int) -> None:
        """Let a row's subscription be this one, under its id, unless another one for it stays."""
        holder = self._holders.get(pair, number)
        rival = self._makers.get(holder)
        self._drop(number)
        if holder != number and (rival is None or rival < row):
            self.losers.add(row)
            return
        if holder != number and rival is not None:
            self._drop(holder)
            self.losers.add(rival)
        self._after[number], self._holders[pair], self._makers[number] = pair, number, row
        self.losers.discard(row)

    def _drop(self, number: int) -> None:
        pair = self._after.pop(number, None)
        if pair is not None:
            del self._holders[pair]

    async def save(self, rows: Rows, session: Session) -> None:
        """Store what has changed: away with it first, because one may take what another one leaves."""
        gone = [number for number, pair in self._before.items() if self._after.get(number) != pair]
        fresh = [
            {"_id": number, "user_id": pair[0], "comic_id": pair[1]}
            for number, pair in self._after.items()
            if self._before.get(number) != pair
        ]
        if gone:
            await rows.delete_many({"_id": {"$in": gone}}, session=session)
        if fresh:
            await rows.insert_many(fresh, session=session)


class SubscriptionRows(LinkedRows):
    """The loader of subscriptions."""

    def __init__(self, database: Database, mapping: ImportMap) -> None:
        self._ids = Numbers(database, COLLECTION, field="_id")
        super().__init__(database, mapping, models.SUBSCRIPTIONS, self._ids)
        self._rows = database[COLLECTION]
        self._users = database["users"]

    async def store(self, bound: Sequence[Bound], session: Session) -> Reasons:
        """Store what is followed for the first time, and change what the same rows made."""
        rows = {number_of(each.row): each for each in bound}
        pairs = await self._pairs(rows, session)
        following = await self._read(bound, pairs, session)
        own = {
            row: following.own(each.own.id if each.own else None, pairs[row][0]) for row, each in rows.items()
        }
        ids = await self._ids.assign({row: row for row in rows if own[row] is None}, session)
        ids |= {row: number for row, number in own.items() if number is not None}
        for row in sorted(rows):
            following.settle(row, pairs[row], ids[row])
        await following.save(self._rows, session)
        left = [self.mapping.leave_out(self.label, row) for row in following.losers]
        if left:
            await self.mapping.collection.bulk_write(left, ordered=False, session=session)
        stay = rows.keys() - following.losers
        made: dict[Key, Document] = {
            row: {"target": rows[row].owner(self.parent), "id": ids[row]} for row in stay
        }
        await self.remember(made, session)
        return dict.fromkeys(following.losers & rows.keys(), TWICE)

    async def _pairs(self, rows: Mapping[int, Bound], session: Session) -> dict[int, Pair]:
        """Return which account would follow which comic, by rows."""
        owners = {row: each.owner(self.parent) for row, each in rows.items()}
        wanted = {"_id": {"$in": list(owners.values())}}
        found = self._users.find(wanted, {"id": 1}, session=session)
        readers: dict[ObjectId, int] = {row["_id"]: row["id"] for row in await found.to_list(None)}
        return {row: (readers[owners[row]], each.fields["comic"]) for row, each in rows.items()}

    async def _read(self, bound: Sequence[Bound], pairs: Mapping[int, Pair], session: Session) -> Following:
        """Read what the rows' accounts follow, and which of it rows have made."""
        readers = {reader for reader, _ in pairs.values()}
        rows = self._rows.find({"user_id": {"$in": list(readers)}}, session=session)
        before = {row["_id"]: (row["user_id"], row["comic_id"]) for row in await rows.to_list(None)}
        owners = {each.owner(self.parent) for each in bound}
        wanted = {"target": {"$in": list(owners)}, "label": self.label, "id": {"$in": list(before)}}
        made = self.mapping.collection.find(wanted, session=session)
        return Following(before, {row["id"]: row["key"] for row in await made.to_list(None)})
