"""Random lives of a community, for Hypothesis: each rule begins something beside what is still going on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.realtime.oracle.community import OPTIONS, TYPES, Person
from tests.realtime.oracle.theatre import Theatre

ANY = st.integers(0, 7)
FLAG = st.booleans()
FEWEST = 3  # people who stay
FEWEST_DEEDS = 8  # between two looks, which take long


class Machine(RuleBasedStateMachine):
    """Subclasses say on which loop and how a theatre is opened.

    `found` are the contradictions of all lives, the first one first: two lives are never quite the same,
    so Hypothesis may not find one again.
    """

    loop: asyncio.AbstractEventLoop
    make: Callable[[], Theatre]
    found: list[Exception]
    failed = False

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[str] = []
        self.looked_at = 0

    def run(self, deed: Coroutine[Any, Any, None]) -> None:
        """Run something to its end; what is going on goes on meanwhile."""
        try:
            self.loop.run_until_complete(deed)
        except Exception as error:
            error.add_note("begun last: " + ", ".join(self.begun[-40:]))
            self.found.append(error)
            self.failed = True
            raise

    def begin(self, deed: Coroutine[Any, Any, None]) -> None:
        """Begin something and let it take its first step."""

        async def start() -> None:
            self.begun.append(getattr(deed, "__name__", ""))
            self.theatre.begin(deed)
            await asyncio.sleep(0)

        self.run(start())

    @initialize()
    def open(self) -> None:
        """Open the theatre."""

        async def make() -> None:
            self.theatre = type(self).make()

        self.run(make())
        self.run(self.theatre.open())

    def teardown(self) -> None:
        """Look a last time, and close."""
        try:
            if not self.failed:
                self.run(self.theatre.look())
        finally:
            self.run(self.theatre.close())

    def person(self, which: int) -> Person:
        """Return somebody by any number."""
        people = self.theatre.community.people
        return people[which % len(people)]

    # People

    @rule(who=ANY, poll=FLAG, option=st.sampled_from(list(OPTIONS)))
    def vote(self, who: int, poll: bool, option: str) -> None:
        community = self.theatre.community
        self.begin(community.vote(self.person(who), community.polls[poll], option))

    @rule()
    def sign_up(self) -> None:
        self.begin(self.theatre.community.sign_up())

    @rule(who=ANY, event=FLAG, kind=st.sampled_from(TYPES), by_organizer=FLAG)
    def attend(self, who: int, event: bool, kind: str, by_organizer: bool) -> None:
        community = self.theatre.community
        number = community.events[event]
        self.begin(community.attend(self.person(who), number, kind, by_organizer=by_organizer))

    @rule(which=ANY)
    def cancel(self, which: int) -> None:
        signs = self.theatre.community.signs
        if signs:
            self.begin(self.theatre.community.cancel(signs[-1 - which % len(signs)]))

    @rule(both=FLAG, which=ANY)
    def bring_out(self, both: bool, which: int) -> None:
        slugs = list(self.theatre.community.releases)
        chosen = slugs * (1 + which // 2) if both else [slugs[which % len(slugs)]]
        self.begin(self.theatre.community.bring_out(chosen))

    @rule(who=ANY)
    def start_project(self, who: int) -> None:
        self.begin(self.theatre.community.start_project(self.person(who)))

    @rule(who=ANY, which=ANY)
    def contribute(self, who: int, which: int) -> None:
        tasks = self.theatre.community.tasks
        self.begin(self.theatre.community.contribute(self.person(who), tasks[-1 - which % len(tasks)]))

    @rule(who=ANY)
    def restrict(self, who: int) -> None:
        self.begin(self.theatre.community.restrict(self.person(who)))

    @rule(who=ANY)
    def sign_in(self, who: int) -> None:
        self.begin(self.theatre.community.sign_in(self.person(who)))

    @rule(who=ANY)
    def change_password(self, who: int) -> None:
        self.begin(self.theatre.change_password(self.person(who)))

    @rule(who=ANY)
    def delete(self, who: int) -> None:
        if len(self.theatre.community.people) > FEWEST:
            self.begin(self.theatre.delete(self.person(who)))

    # Listeners

    @rule(place=ANY, process=st.integers(0, 1), known=FLAG)
    def connect(self, place: int, process: int, known: bool) -> None:
        self.begin(self.theatre.connect(place, process, known))

    @rule(place=ANY, process=st.integers(0, 1), times=st.integers(1, 4))
    def miss(self, place: int, process: int, times: int) -> None:
        self.begin(self.theatre.miss(place, process, times))

    @rule(place=ANY)
    def drop(self, place: int) -> None:
        self.begin(self.theatre.drop(place))

    @rule(place=ANY, which=st.integers(0, 15), recover=FLAG)
    def subscribe(self, place: int, which: int, recover: bool) -> None:
        self.begin(self.theatre.subscribe(place, which, recover=recover))

    @rule(place=ANY, which=st.integers(0, 15))
    def unsubscribe(self, place: int, which: int) -> None:
        self.begin(self.theatre.unsubscribe(place, which))

    # Time

    @precondition(lambda self: self.theatre.busy)
    @rule()
    def wait(self) -> None:
        self.run(self.theatre.wait())

    @precondition(lambda self: len(self.begun) - self.looked_at >= FEWEST_DEEDS)
    @rule()
    def look(self) -> None:
        self.looked_at = len(self.begun)
        self.run(self.theatre.look())


def make_machine(loop: asyncio.AbstractEventLoop, make: Callable[[], Theatre]) -> type[Machine]:
    """Return a machine that plays on a loop."""
    return type("Life", (Machine,), {"loop": loop, "make": staticmethod(make), "found": []})
