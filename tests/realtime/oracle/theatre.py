"""A community and its listeners on two server processes: who does what at once, and the look at the end."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from storage.stores import Stores
from tests.realtime.oracle.community import OPTIONS, TYPES, Community, Person
from tests.realtime.oracle.ledger import Contradiction, demand
from tests.realtime.oracle.listener import Gone, Listener, Refused, Tamper, tell_truth, tolerating
from tests.realtime.oracle.truth import Truth
from tests.serving import Api

ALREADY = 105
FORCED, CUT = 3503, 1006
LOOKS = 3


@dataclass(frozen=True)
class House:
    """Where it is played: the servers and the stores below them; `kept` is how long their histories are."""

    urls: Sequence[str]
    sockets: Sequence[str]
    stores: Stores
    kept: int
    patience: float = 20.0  # seconds until what was not told counts as lost


@dataclass
class Seat:
    """A listener, who it is, and what it may listen to."""

    listener: Listener
    person: Person | None
    channels: Sequence[str]

    @property
    def gone(self) -> bool:
        """Tell whether its account is deleted."""
        return self.person is not None and self.person.gone


class Theatre:
    """Runs what rules begin side by side; `look` waits for all of it and compares everything."""

    def __init__(self, house: House, tamper: Tamper = tell_truth) -> None:
        self._house = house
        self._tamper = tamper
        self._apis = [Api(url) for url in house.urls]
        self.community = Community(self._apis, house.stores)
        self.seats: list[Seat] = []
        self._running: list[asyncio.Task[None]] = []
        self._options = itertools.cycle(OPTIONS)

    async def open(self) -> None:
        """Let people in, and listeners: nobody in particular, two people, an organizer."""
        await self.community.settle()
        known = self.community
        slugs = list(known.releases)
        public = [
            *(f"polls:{number}" for number in known.polls),
            *(f"events:{number}" for number in known.events),
            *("stats:members", "feed:updates", "feed:leaderboard"),
        ]
        comics = ["comics:releases", *(f"comics:releases/{slug}" for slug in slugs)]
        managed = [f"attendance:{number}" for number in known.events]
        self._sit("somebody", None, public)
        for person in known.people[:2]:
            own = f"identity#{person.number}"
            self._sit(f"person {person.number}", person, [own, *comics, *public])
        self._sit("organizer", known.organizer, [*managed, f"identity#{known.organizer.number}", *public])
        await asyncio.gather(*(self._return(place) for place in range(len(self.seats))))
        for place, seat in enumerate(self.seats):
            for which in range(len(seat.channels)):
                await self.subscribe(place, which, recover=False)

    def _sit(self, name: str, person: Person | None, channels: Sequence[str]) -> None:
        token = f"Flux {person.secret}" if person else ""
        self.seats.append(Seat(Listener(name, token, self._house.kept, self._tamper), person, channels))

    async def close(self) -> None:
        """Let everybody go."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await asyncio.gather(*(seat.listener.close() for seat in self.seats))
        for api in self._apis:
            api.close()

    # What listeners do

    def seat(self, place: int) -> Seat:
        """Return a seat by any number."""
        return self.seats[place % len(self.seats)]

    async def connect(self, place: int, process: int, known: bool) -> None:
        """Connect a listener that is not; it comes back to what it knows in the same command, or later."""
        seat = self.seat(place)
        async with seat.listener.turn:
            if not seat.listener.connected:
                channels = list(seat.listener.ledgers) if known else []
                try:
                    with tolerating():
                        await seat.listener.connect(self._house.sockets[process], channels)
                except OSError as error:
                    raise Contradiction("a server is away") from error

    async def drop(self, place: int) -> None:
        """Cut a listener's line, whatever it is just doing."""
        await self.seat(place).listener.drop()

    async def subscribe(self, place: int, which: int, *, recover: bool) -> None:
        """Subscribe to one of the channels that the listener may hear."""
        seat = self.seat(place)
        name = seat.channels[which % len(seat.channels)]
        async with seat.listener.turn:
            with tolerating(ALREADY):
                await seat.listener.subscribe(name, recover=recover)

    async def unsubscribe(self, place: int, which: int) -> None:
        """Give a channel back."""
        seat = self.seat(place)
        async with seat.listener.turn:
            with tolerating():
                await seat.listener.unsubscribe(seat.channels[which % len(seat.channels)])

    async def miss(self, place: int, process: int, times: int) -> None:
        """Cut a listener's line, let things happen that it could hear, and connect it again."""
        seat, known = self.seat(place), self.community
        person = seat.person or known.organizer
        await self.drop(place)
        for _ in range(times):
            await known.bring_out(list(known.releases))
            await known.start_project(known.organizer)
            await known.sign_in(person)
            await known.attend(person, known.events[0], TYPES[0], by_organizer=False)
            await known.vote(person, known.polls[0], next(self._options))
        await self.connect(place, process, known=True)

    async def change_password(self, person: Person) -> None:
        """Change a password: whatever the person has open is closed."""
        mine = [seat.listener for seat in self.seats if seat.person is person]
        opened = {each: each.connections for each in mine if each.connected}
        before = person.changes
        await self.community.change_password(person)
        if person.changes > before:
            await expect_closed(opened)

    async def delete(self, person: Person) -> None:
        """Delete an account: the same."""
        mine = [seat.listener for seat in self.seats if seat.person is person]
        opened = {each: each.connections for each in mine if each.connected}
        await self.community.delete(person)
        await expect_closed(opened)

    # At once, and the look at the end

    def begin(self, deed: Coroutine[Any, Any, None]) -> None:
        """Begin something beside what is going on."""
        self._running.append(asyncio.get_running_loop().create_task(deed))

    @property
    def busy(self) -> bool:
        """Tell whether something is going on."""
        return bool(self._running)

    async def wait(self) -> None:
        """Wait for what began first."""
        if self._running:
            await self._running.pop(0)

    async def look(self) -> None:
        """Wait for everything; then bring everybody back and compare all that they know with what is."""
        while self._running:
            await self.wait()
        for _ in range(LOOKS):
            await asyncio.gather(*(self._return(place) for place in range(len(self.seats))))
            try:
                await self._compare()
            except Gone:
                continue  # what a new password ends may end a moment later
            return
        raise Contradiction("somebody is closed again and again")

    async def _compare(self) -> None:
        await self._hear_the_last_word()
        truth = Truth(self.community, self._house.patience)
        for seat in self.seats:
            seat.listener.check()
            demand(not seat.listener.ended, "ended without a reason", ended=seat.listener.ended)
            for ledger in [] if seat.gone else seat.listener.ledgers.values():
                await truth.compare(seat.listener, ledger)

    async def _return(self, place: int) -> None:
        """Have a listener connected, and subscribed to all that it ever was, and to the last word."""
        seat, listener = self.seats[place], self.seats[place].listener
        if seat.gone:
            return
        try:
            if not listener.connected:
                url = self._house.sockets[(place + listener.connections) % len(self._house.sockets)]
                await listener.connect(url, list(listener.ledgers))
            for name in dict.fromkeys([*listener.ledgers, self._last_word]):
                if name not in listener.subscribed:
                    await listener.subscribe(name, recover=True)
        except (Refused, Gone) as error:
            raise Contradiction(f"{listener.name} can't return: {error!r}, {listener.code}") from error

    @property
    def _last_word(self) -> str:
        return f"polls:{self.community.polls[-1]}"

    async def _hear_the_last_word(self) -> None:
        """Cast one more vote, and wait until everybody has heard of it: nothing before is on its way."""
        poll, known = self.community.polls[-1], self.community
        path = f"/api/v0/iiccot/getinfo?poll_id={poll}"
        before = (await known.call("GET", path)).json["version"]
        while (version := (await known.call("GET", path)).json["version"]) == before:
            await known.vote(known.organizer, poll, next(self._options))
        for seat in self.seats:
            if not seat.gone:
                await hear_out(seat, self._last_word, version)


async def hear_out(seat: Seat, channel: str, version: int) -> None:
    """Wait until a listener has heard so much; raises Gone where a new password has closed it."""
    listener, ledger = seat.listener, seat.listener.ledgers[channel]
    await listener.until(lambda: ledger.offset >= version or not listener.connected, "no last word")
    if not listener.connected:
        forced = listener.code == FORCED and seat.person is not None and seat.person.attempts > 0
        demand(forced, "closed without a reason", who=listener.name, code=listener.code)
        raise Gone


async def expect_closed(opened: dict[Listener, int]) -> None:
    """Wait until connections are over; they were closed by force, or cut before."""
    for listener, number in opened.items():
        await listener.until(
            lambda each=listener, count=number: not each.connected or each.connections > count,  # type: ignore[misc]
            "was not closed",
        )
        closed = listener.connections > number or listener.code in {FORCED, CUT, None}
        demand(closed, "closed otherwise", who=listener.name, code=listener.code)
