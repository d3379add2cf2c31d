"""Events for the demo: two clubs, what they do together, and who comes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from storage.accounts import Member
from storage.counters import Counters
from storage.driver import ObjectId
from storage.klub.event import Event
from storage.klub.interaction_types import ATTENDING, REGISTERING
from storage.klub.places import TYPES
from storage.klub.register import Register
from storage.klub.units import UNITS
from storage.stores import Stores

SEED = 57365
CIRCLE = 50  # members who may come
FULL = 40  # people at one event, after which somebody leaves for each who comes
STAYING_AWAY = 0.08  # of the deeds: somebody who signed up makes room

CLUBS = (
    {"name": "River bank club", "slug": "river-bank", "city": "Newtown", "level": "club"},
    {"name": "Hill and valley", "slug": "hill-and-valley", "city": "Moss Vale", "level": "regional_center"},
)
KINDS = (("Working bee", "working-bee"), ("Talk", "talk"), ("Camp", "camp"))
PLACES = (("Ferry landing", "Newtown"), ("Old mill", "Moss Vale"), ("Town hall", "Newtown"))
# name, place among CLUBS, KINDS and PLACES, days from now, program
EVENTS = (
    ("Clean the river bank", 0, 0, 0, 6, "nature"),
    ("What the river tells us", 0, 1, 2, 9, "education"),
    ("Plant a hundred trees", 1, 0, 1, 13, "nature"),
    ("Camp at the old mill", 1, 2, 1, 34, "children_section"),
    ("Open evening on housing", 0, 1, 2, 3, "education"),
)


async def found_events(stores: Stores, members: Sequence[ObjectId], now: float) -> dict[str, int]:
    """Make the clubs and their events, and let members sign up; return how many of each there are."""
    chance = random.Random(SEED)  # noqa: S311
    counters = stores.counters
    units = [await put(stores.units, UNITS, counters, **fields) for fields in CLUBS]
    types = [await put(stores.event_types, TYPES, counters, name=n, slug=slug) for n, slug in KINDS]
    places = [(await stores.locations.add({"name": name, "place": place})).id for name, place in PLACES]
    for number, (name, unit, kind, place, days, program) in enumerate(EVENTS):
        creator = await member_of(stores, members[number % len(members)])
        start = datetime.fromtimestamp(now, UTC).replace(hour=9, minute=0, second=0, microsecond=0)
        facts = {"name": name, "units": [units[unit]], "type": types[kind], "location": places[place]}
        when = {"start_date": start + timedelta(days=days), "program": program, "public_on_web": True}
        await stores.events.create({**facts, **when}, creator)
    guests = min(len(members), CIRCLE)
    for _ in range(guests):
        await attend(stores, members, chance)
    return {"events": len(EVENTS), "interactions": guests}


async def put(register: Register[Any], collection: str, counters: Counters, **fields: str) -> int:
    """Store what only imports bring; return its number."""
    number = await counters.take(collection)
    await register.put(number, fields)
    return number


async def member_of(stores: Stores, oid: ObjectId) -> Member:
    """Return the account of a member."""
    return Member.of(await stores.accounts.document(oid))


async def attend(stores: Stores, crowd: Sequence[ObjectId], chance: random.Random) -> None:
    """Let somebody sign up for an event, be marked as there, go home, or stay away after all."""
    events = await demo_events(stores)
    if not events:
        return
    event, somebody = chance.choice(events), await member_of(stores, chance.choice(crowd[:CIRCLE]))
    registering = await stores.interaction_types.obtain(REGISTERING)
    counts = await stores.attendance.counts(event.id)
    if counts is not None and (counts.registered >= FULL or chance.random() < STAYING_AWAY):
        if found := await stores.interactions.listed([registering.id], event=event.id).window(0, FULL):
            await go_home(stores, event, chance.choice(found).user)
        return
    attending = await stores.interaction_types.obtain(ATTENDING)
    types = [registering.id, attending.id]
    steps = await stores.interactions.listed(types, user=somebody.id, event=event.id).total()
    if steps >= len(types):
        await go_home(stores, event, somebody.id)
        return
    kind = attending if steps else registering
    await stores.interactions.add(await stores.interactions.at(event, kind), somebody.id)


async def go_home(stores: Stores, event: Event, user: int) -> None:
    """Take back what somebody has at an event: who was there makes room for others, for ever."""
    types = [(await stores.interaction_types.obtain(name)).id for name in (REGISTERING, ATTENDING)]
    for each in await stores.interactions.listed(types, user=user, event=event.id).window(0, FULL):
        await stores.interactions.remove(each)


async def demo_events(stores: Stores) -> list[Event]:
    """Return the demo's events that are still there."""
    found = await stores.events.some(range(1, len(EVENTS) + 1))
    names = {name for name, *_ in EVENTS}
    return [event for event in found.values() if event.name in names]
