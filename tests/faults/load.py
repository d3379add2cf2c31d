"""People who vote and sign up over HTTP while things fail, and remember what they were promised."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from storage.database import is_outage
from storage.driver import PyMongoError
from storage.errors import Busy
from storage.klub.event import new_event
from storage.klub.oauth import make_token
from storage.pybossa.people import PyBossaUser
from storage.stores import Stores
from tests.serving import Answer, Api
from tests.storage.pybossa.village import Village

POLL, EVENT, UNIT = 1, 1, 1
OPTIONS = ("100", "101", "102", "103")
SCOPE = "can_create_userprofile_interaction"
VOTERS, GUESTS = 8, 4
PAUSE = 0.01
LONGEST_WAIT = 60.0  # seconds


@dataclass
class Town:
    """Who is there before the load begins."""

    voters: Sequence[str]
    app: str
    manager: str
    ann: PyBossaUser
    task: int


async def settle(stores: Stores) -> Town:
    """Store voters, a partner's app, an event with its manager, and a project to contribute to."""
    made = [
        await stores.accounts.register(f"voter{n}@example.com", {}, ip=None, mails=lambda _: ())
        for n in range(VOTERS + 1)
    ]
    manager = made.pop().person
    await stores.accounts.make_superuser(manager["_id"], True)
    await stores.database["administrative_units"].insert_one({"_id": UNIT, "name": "Praha", "slug": "praha"})
    values = {"name": "Cleaning", "units": [UNIT], "public_on_web": True}
    await stores.database["events"].insert_one({**new_event(EVENT, "event-1", values), "team": []})
    await stores.event_counts.recount()
    token = make_token()
    await stores.oauth.issue("partner", ("write", SCOPE), token, 3600)
    village = Village(stores)
    ann = await village.join("ann")
    _, (task,) = await village.project(ann)
    return Town([each.person["s"] for each in made], token, f"Flux {manager['s']}", ann, task)


@dataclass
class Load:
    """Votes, sign-ups and contributions that go on until the block ends.

    `odd` are answers that nobody should get; `unanswered` counts broken connections, which only a killed
    server may cause.
    """

    apis: Sequence[Api]
    town: Town
    stores: Stores
    votes: dict[str, str] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)
    guests: set[str] = field(default_factory=set)
    runs: set[int] = field(default_factory=set)
    done: Counter[str] = field(default_factory=Counter)
    odd: list[str] = field(default_factory=list)
    unanswered: int = 0
    over: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def _turns(self, first: int) -> Iterator[int]:
        """Count until it is over; nobody is cut off in the middle of a call."""
        return itertools.takewhile(lambda _: not self.over, itertools.count(first))

    async def vote(self, number: int) -> None:
        """Vote now for this, now for that."""
        secret = self.town.voters[number]
        for turn in self._turns(number):
            option = OPTIONS[turn % len(OPTIONS)]
            body = {"s": secret, "poll_id": POLL, "option_id": option}
            self.doubtful.add(secret)
            if await self._call(number + turn, "vote", "/api/v0/iiccot/cast_vote", body):
                self.votes[secret] = option
                self.doubtful.discard(secret)

    async def sign_up(self, number: int) -> None:
        """Sign up one guest after another."""
        for turn in self._turns(0):
            email = f"guest{number}.{turn}@example.org"
            body = {"email": email, "event": EVENT, "first_name": "Eve", "last_name": "Moss"}
            headers = {"Authorization": f"Bearer {self.town.app}", "Content-Type": "application/json"}
            if await self._call(number + turn, "sign-up", "/api/sign_up_for_event/", body, **headers):
                self.guests.add(email)

    async def contribute(self) -> None:
        """Contribute to the project, which is news each time; through a store, as no path does so."""
        for _ in self._turns(0):
            try:
                self.runs.add(await Village(self.stores).run(self.town.task, self.town.ann))
                self._note("run")
            except (PyMongoError, Busy) as error:
                if not isinstance(error, Busy) and not is_outage(error):
                    self.odd.append(f"run: {error!r}")
            await asyncio.sleep(PAUSE)

    async def _call(self, turn: int, what: str, path: str, body: Any, **headers: str) -> bool:
        """Send one request; tell whether it was promised."""
        try:
            answer = await self.apis[turn % len(self.apis)].post(path, body, **headers)
        except ConnectionError:
            self.unanswered += 1
            await asyncio.sleep(PAUSE)
            return False
        if answer.status == 200:
            self._note(what)
        elif not is_polite(answer):
            self.odd.append(f"{what}: {answer.status} {answer.text[:200]}")
        await asyncio.sleep(PAUSE)
        return answer.status == 200

    def _note(self, what: str) -> None:
        self.done[what] += 1
        self.changed.set()

    async def more(self, number: int) -> None:
        """Wait until so many more of each kind were done: after a fault it all goes on."""
        wanted = {what: self.done[what] + number for what in ("vote", "sign-up", "run")}
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                while any(self.done[what] < count for what, count in wanted.items()):
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            raise AssertionError(f"the work did not go on: {self.done}, {self.odd[:5]}") from None


def is_polite(answer: Answer) -> bool:
    """Tell whether an answer asks to come again."""
    return answer.status == 503 and answer.headers.get("Retry-After", "").isdigit()


@asynccontextmanager
async def loading(apis: Sequence[Api], town: Town, stores: Stores) -> AsyncIterator[Load]:
    """Keep everybody busy for as long as the block lasts; every call is over when it ends."""
    load = Load(apis, town, stores)
    work: list[Coroutine[None, None, None]] = [load.vote(number) for number in range(VOTERS)]
    work += [load.sign_up(number) for number in range(GUESTS)]
    tasks = [asyncio.create_task(each) for each in (*work, load.contribute())]
    try:
        yield load
    finally:
        load.over = True
        await asyncio.gather(*tasks)


async def find_missing(load: Load) -> list[str]:
    """Compare what was promised with what is stored; name what is missing."""
    database = load.stores.database
    missing = []
    people = {row["s"]: row async for row in database["users"].find({})}
    votes = {row["user_id"]: row["option_id"] async for row in database["votes"].find({"poll_id": POLL})}
    for secret, option in load.votes.items():
        stored = votes.get(people[secret]["_id"])
        if stored is None or (stored != option and secret not in load.doubtful):
            missing.append(f"the vote for {option} of {secret[:6]}: there is {stored}")
    emails = {row.get("email_lower"): row for row in people.values()}
    signed = {row["user"] async for row in database["interactions"].find({"event": EVENT})}
    for email in load.guests:
        if email not in emails or emails[email]["id"] not in signed:
            missing.append(f"the sign-up of {email}")
    stored_runs = {row["_id"] async for row in database["task_runs"].find({}, {"_id": 1})}
    missing += [f"contribution {run}" for run in load.runs - stored_runs]
    return missing
