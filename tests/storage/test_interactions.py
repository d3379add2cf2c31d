"""Counts of events while many people register, are marked, cancel and leave at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest

from storage.accounts import Member
from storage.database import Database
from storage.errors import NotFound
from storage.klub.attendance import Counts, Sheet
from storage.klub.event import Event, new_event
from storage.klub.integrity import KlubIntegrity
from storage.klub.interaction import Interaction
from storage.klub.interaction_types import ATTENDING, REGISTERING, InteractionType
from storage.klub.interactions import Interactions
from storage.stores import Stores


class Party:
    """An event, people, and two processes that write down who comes."""

    def __init__(self, stores: Stores, elsewhere: Stores) -> None:
        self.stores = stores
        self.desks: tuple[Interactions, Interactions] = (stores.interactions, elsewhere.interactions)
        self.event: Event
        self.kinds: tuple[InteractionType, InteractionType]

    async def prepare(self) -> None:
        """Store the event."""
        row = new_event(5, "party", {"name": "Party", "units": []})
        await self.stores.database["events"].insert_one(row)
        self.event = await self.stores.events.find(5)
        types = self.stores.interaction_types
        self.kinds = (await types.obtain(REGISTERING), await types.obtain(ATTENDING))

    async def guest(self, number: int) -> Member:
        """Make a person."""
        made = await self.stores.accounts.register(
            f"p{number}@example.org", {"fname": f"P{number}"}, ip=None, mails=lambda _: ()
        )
        return Member.of(made.person)

    async def come(self, guest: Member, *, kind: int = 0, desk: int = 0) -> Interaction:
        """Register or mark somebody."""
        draft = await self.desks[desk].at(self.event, self.kinds[kind])
        return await self.desks[desk].add(draft, guest.id)

    async def counted(self) -> tuple[int, int, int]:
        """Count from the interactions alone; `cancelled` from those who are remembered for it."""
        rows = await self.stores.database["interactions"].find({"event": 5}).to_list(None)
        left = await self.stores.database["cancellations"].find({"event": 5}).to_list(None)
        registered, attended = (
            {row["user"] for row in rows if row["type"] == kind.id} for kind in self.kinds
        )
        return len(registered), len(attended), len({row["user"] for row in left} - registered)

    async def said(self) -> tuple[int, int, int]:
        """Return what the event says."""
        found = await self.counts()
        return found.registered, found.attended, found.cancelled

    async def counts(self) -> Counts:
        """Return the event's counts."""
        found = await self.stores.attendance.counts(5)
        assert found is not None
        return found

    async def offsets(self) -> list[int]:
        """Return the offsets of what was told."""
        return [each.offset for each in (await self.stores.outbox.read("attendance:5")).messages]


@pytest.fixture
async def party(stores: Stores, database: Database) -> Party:
    party = Party(stores, Stores.over(database))
    await party.prepare()
    return party


async def mingle(party: Party, guest: Member, chance: random.Random, made: list[Interaction]) -> None:
    """Do something that people do; what somebody else undid meanwhile is no matter."""
    desk = chance.randrange(2)
    roll = chance.random()
    own = [each for each in made if each.user == guest.id]
    try:
        if roll < 0.5 or not own:
            made.append(await party.come(guest, kind=chance.randrange(2), desk=desk))
        elif roll < 0.7:
            kind = chance.choice(party.kinds).id
            await party.desks[desk].change(chance.choice(own), {"type": kind})
        else:
            gone = chance.choice(own)
            await party.desks[desk].remove(gone)
    except NotFound:
        return


async def test_counts_stay_right_whatever_happens_at_once(party: Party) -> None:
    """Two processes; every change is told once."""
    chance, made = random.Random(7), list[Interaction]()
    guests = [await party.guest(number) for number in range(6)]
    for _ in range(8):
        await asyncio.gather(*(mingle(party, chance.choice(guests), chance, made) for _ in range(16)))
        assert await party.said() == await party.counted()
    offsets = await party.offsets()
    assert offsets == list(range(1, len(offsets) + 1))
    assert (await party.counts()).version > 8


async def test_people_who_leave_altogether_count_nowhere(party: Party) -> None:
    """While others, and they themselves, are being registered."""
    guests = [await party.guest(number) for number in range(8)]
    for guest in guests:
        gone = await party.come(guest)
        await party.come(guest, kind=1)
        await party.desks[0].remove(gone)
    assert await party.said() == (0, 8, 8)

    async def leave(number: int, guest: Member) -> None:
        await asyncio.gather(
            party.come(guest, desk=number % 2),
            party.stores.deletion.delete(guest.oid),
            party.come(guest, kind=1),
            return_exceptions=True,
        )

    await asyncio.gather(*(leave(number, guest) for number, guest in enumerate(guests[:4])))
    left = await party.stores.database["users"].find({}, {"id": 1}).to_list(None)
    assert await party.said() == await party.counted()
    there = {row["id"] for row in left}
    rows = await party.stores.database["interactions"].find({"event": 5}).to_list(None)
    assert {row["user"] for row in rows} <= there
    assert await party.said() == (len(there) - 4, len(there), 4)


async def test_a_deletion_gets_through_while_many_are_marked(party: Party) -> None:
    guests = [await party.guest(number) for number in range(13)]
    for guest in guests:
        await party.come(guest)
    done = asyncio.Event()

    async def keep_coming(guest: Member) -> None:
        while not done.is_set():
            await party.desks[0].remove(await party.come(guest, kind=1))

    coming = [asyncio.create_task(keep_coming(guest)) for guest in guests[:10]]
    for guest in guests[10:]:
        await party.stores.deletion.delete(guest.oid)
    done.set()
    await asyncio.gather(*coming)
    assert await party.said() == await party.counted() == (10, 0, 0)


async def register_at_once(party: Party, guest: Member) -> tuple[int, int, int]:
    """Register one person over two processes, in transactions that overlap for sure."""
    met = asyncio.Barrier(2)
    note = Sheet.note

    async def meet(sheet: Sheet, *given: Any) -> None:
        await note(sheet, *given)
        with suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                await met.wait()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sheet, "note", meet)
        # Another way to hold the person, or they would follow one another for that alone.
        patch.setattr("storage.klub.interactions.hold_anyone", look)
        await asyncio.gather(*(party.come(guest, desk=desk) for desk in range(2)))
    return await party.said()


async def look(users: Any, number: int, session: Any) -> Any:
    """Read a person without holding them."""
    return await users.find_one({"id": number}, session=session)


async def test_the_events_document_keeps_two_registrations_of_one_person_apart(party: Party) -> None:
    assert await register_at_once(party, await party.guest(1)) == (1, 0, 0) == await party.counted()


async def test_without_it_the_person_counts_twice(party: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    """The event is not held, and its counts are written beside the transaction."""

    async def leave_alone(sheet: Sheet, event: int) -> None:
        return None

    async def close_beside(sheet: Sheet, *, strict: bool = True) -> None:
        for event, counts in sheet._counts.items():
            await party.stores.database["events"].update_one({"_id": event}, {"$inc": dict(counts)})

    monkeypatch.setattr(Sheet, "hold", leave_alone)
    monkeypatch.setattr(Sheet, "close", close_beside)
    assert await register_at_once(party, await party.guest(1)) == (2, 0, 0)
    assert await party.counted() == (1, 0, 0)


async def test_an_event_that_goes_meanwhile_takes_nobody_in(party: Party) -> None:
    guests = [await party.guest(number) for number in range(10)]

    async def remove() -> None:
        await party.stores.events.remove(5)

    coming: Sequence[Any] = [party.come(guest, desk=guest.id % 2) for guest in guests]
    answers = await asyncio.gather(*coming, remove(), return_exceptions=True)
    assert {type(answer) for answer in answers} <= {Interaction, NotFound, type(None)}
    assert await party.stores.database["interactions"].count_documents({"event": 5}) == 0
    stored = await party.stores.database["interactions"].count_documents({})
    assert stored == sum(isinstance(answer, Interaction) for answer in answers)


async def test_what_is_told_of_an_unknown_person_is_refused_alone(party: Party) -> None:
    """Others of the same transaction are not concerned."""
    guests = [await party.guest(number) for number in range(4)]
    await party.stores.deletion.delete(guests[2].oid)
    answers = await asyncio.gather(*(party.come(guest) for guest in guests), return_exceptions=True)
    assert [isinstance(answer, NotFound) for answer in answers] == [False, False, True, False]
    assert await party.said() == (3, 0, 0)


async def findings(party: Party) -> list[str]:
    """Return what the check of the counts finds."""
    return [each.detail async for each in KlubIntegrity(party.stores.database).check_attendance()]


async def test_counting_anew_finds_the_same(party: Party) -> None:
    chance, made = random.Random(3), list[Interaction]()
    guests = [await party.guest(number) for number in range(4)]
    for _ in range(30):
        await mingle(party, chance.choice(guests), chance, made)
    before = await party.said()
    assert await findings(party) == []
    await party.stores.database["events"].update_one({"_id": 5}, {"$set": {"registered": 77, "attended": 0}})
    assert len(await findings(party)) == (before[0] != 77) + (before[1] != 0)
    await party.stores.attendance.recount([5])
    assert await party.said() == before == await party.counted()


async def test_types_are_made_once(database: Database) -> None:
    """By however many who start at once."""
    processes = [Stores.over(database) for _ in range(4)]
    await asyncio.gather(*(each.interaction_types.ensure_first() for each in processes))
    assert await database["interaction_types"].count_documents({}) == 2
    assert await database["interaction_categories"].count_documents({}) == 1
