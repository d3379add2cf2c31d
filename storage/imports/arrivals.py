"""Loads accounts of Django's dumps: each row makes an account, or joins the one of its person."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from storage.database import Database
from storage.driver import Document, ObjectId, Session
from storage.imports.arrival import Accounts, Arrival, Seat
from storage.imports.joining import join, settle
from storage.imports.ledger import Ledger
from storage.imports.mapping import Entry, ImportMap
from storage.imports.record import Outcome, Record
from storage.imports.rows import restarting
from storage.imports.sequences import Numbers
from storage.imports.writes import Writes, unrelated
from storage.statistics import Statistics

NAMELESS = "it has no e-mail address"


@dataclass(frozen=True, slots=True)
class Found:
    """What is stored that rows may be about."""

    entries: Mapping[int, Entry]
    people: Mapping[ObjectId, Document]
    addresses: Mapping[str, Document]
    numbers: Mapping[int, Document]

    def seat(self, arrival: Arrival) -> Seat:
        """Find the person of a row: by what is remembered of it, then by the address."""
        entry, row = self.entries.get(arrival.key), self.addresses.get(arrival.email.lower())
        candidates = (entry.target if entry else None, row["user_id"] if row else None)
        person = next(
            (self.people[oid] for oid in candidates if oid is not None and oid in self.people), None
        )
        former = self.numbers.get(entry.email_id) if entry and entry.email_id is not None else None
        return Seat(arrival, entry, person, row, former)


class Arrivals:
    """The loader of a label's accounts."""

    def __init__(
        self,
        database: Database,
        mapping: ImportMap,
        statistics: Statistics,
        accounts: Accounts,
        address_numbers: Numbers,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.label = accounts.label
        self._database = database
        self._mapping = mapping
        self._statistics = statistics
        self._accounts = accounts
        self._numbers = Numbers(database, "users")
        self._address_numbers = address_numbers
        self._ledger: Ledger | None = None
        self._clock = clock

    async def check(self, records: Sequence[Record], ledger: Ledger) -> Outcome:
        """Find rows of another shape; the ledger serves the writing, too."""
        self._ledger = ledger
        arrivals = [self._accounts.read(record) for record in records]
        ledger.define(self.label, (each.key for each in arrivals))
        self._numbers.see(each.key for each in arrivals)
        return self._count(arrivals)

    def _count(self, arrivals: Sequence[Arrival]) -> Outcome:
        outcome = Outcome()
        for each in arrivals:
            if self._is_left_out(each):
                outcome.skip(self.label, NAMELESS)
            else:
                outcome.take(self.label)
        return outcome

    def _is_left_out(self, arrival: Arrival) -> bool:
        return self._accounts.needed and not arrival.email

    async def write(self, records: Sequence[Record]) -> Outcome:
        """Store a batch; several rows of one person follow one another."""
        arrivals = [self._accounts.read(record) for record in records]
        if left := [each.key for each in arrivals if self._is_left_out(each)]:
            memories = [self._mapping.leave_out(self.label, key) for key in left]
            await self._mapping.collection.bulk_write(memories, ordered=False)
        await self._write([each for each in arrivals if not self._is_left_out(each)])
        return self._count(arrivals)

    async def _write(self, arrivals: Sequence[Arrival]) -> None:
        if not arrivals:
            return
        seats = unrelated(await self._find(arrivals))
        new = [seat.arrival for seat in seats if seat.person is None]
        numbers = await self._numbers.assign({each.place: each.key for each in new})
        addressed = {
            seat.arrival.place: self._row_key(seat.arrival)
            for seat in seats
            if seat.arrival.email and (seat.person is None or (seat.moved and seat.address is None))
        }
        rows = await self._address_numbers.assign(addressed)

        async def work(session: Session) -> int:
            # Whoever has left since the numbers were taken comes with the next round.
            found = unrelated(await self._find(arrivals, session))
            ahead = list(takewhile(lambda seat: seat.person or seat.arrival.place in numbers, found))
            writes = Writes()
            for seat in ahead:
                place = seat.arrival.place
                if seat.person is None:
                    self._settle(seat, numbers[place], rows.get(place), writes)
                else:
                    origin = self._accounts.origin
                    join(seat, seat.person, rows.get(place), writes, label=self.label, origin=origin)
            await writes.store(self._database, session)
            return len(ahead)

        done: int = await restarting(self._database, work)
        await self._write(arrivals[done:])

    def _settle(self, seat: Seat, number: int, row_number: int | None, writes: Writes) -> None:
        origin = self._accounts.origin
        settle(seat, number, row_number, writes, label=self.label, origin=origin, now=self._clock())

    def _row_key(self, arrival: Arrival) -> int | None:
        return None if self._ledger is None else self._accounts.row_key(arrival, self._ledger)

    async def _find(self, arrivals: Sequence[Arrival], session: Session | None = None) -> list[Seat]:
        entries = await self._mapping.entries(self.label, [each.key for each in arrivals], session)
        lowers = [each.email.lower() for each in arrivals if each.email]
        numbers = [each.email_id for each in entries.values() if each.email_id is not None]
        wanted = {"$or": [{"email_lower": {"$in": lowers}}, {"id": {"$in": numbers}}]}
        rows = await self._database["email_addresses"].find(wanted, session=session).to_list(None)
        oids = {row["user_id"] for row in rows} | {each.target for each in entries.values()}
        there = self._database["users"].find({"_id": {"$in": list(oids)}}, session=session)
        found = Found(
            entries,
            {row["_id"]: row for row in await there.to_list(None)},
            {row["email_lower"]: row for row in rows},
            {row["id"]: row for row in rows},
        )
        return [found.seat(each) for each in arrivals]

    async def finish(self) -> None:
        """Count the members anew."""
        await self._statistics.count()
