"""People who do things, through two server processes and, where no dialect has a call for it, the stores."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import orjson

from storage.comics.press import Issue, Picture, Press, Title
from storage.driver import ObjectId
from storage.errors import Busy, Departed
from storage.klub.event import new_event
from storage.klub.grants import ORGANIZER
from storage.passwords import make_hash
from storage.pybossa.people import PyBossaUser
from storage.stores import Stores
from tests.serving import Answer, Api
from tests.storage.pybossa.village import Village

OPTIONS = {"tea": "Tea", "coffee": "Coffee", "milk": "Milk"}
TYPES = ("event_registration", "event_attendance")
PICTURE = Picture("strip/a.png", "605d", 365, 278)
NOON = 1_349_668_800_000_000  # microseconds
JSON = {"Accept": "application/json", "Content-Type": "application/json"}
BUSY = 503
PASSWORDS = ("correct horse 7", "another horse 8")

T = TypeVar("T")


@dataclass
class Person:
    """Somebody; `announced` counts what their `identity#` channel has to have said."""

    number: int
    oid: ObjectId
    email: str
    secret: str
    user: PyBossaUser
    attempts: int = 0  # to change the password
    changes: int = 0
    announced: int = 0
    gone: bool = False
    restricted: bool = False
    klub: dict[str, str] = field(default_factory=dict)

    @property
    def password(self) -> str:
        """Return the password as it is now."""
        return PASSWORDS[self.changes % 2]


@dataclass(frozen=True)
class Sign:
    """An interaction that was made: somebody at an event."""

    number: int
    event: int
    kind: str
    person: Person


class Community:
    """Everybody and everything of one run, and what has to follow from it.

    `signs` are all interactions ever made, `cancelled` those that were taken back; `releases` are the ids
    that came out, by comic.
    """

    numbers = itertools.count(1)

    def __init__(self, apis: Sequence[Api], stores: Stores) -> None:
        self.apis = apis
        self.stores = stores
        self.people: list[Person] = []
        self.everybody: list[Person] = []
        self.polls: list[int] = []
        self.events: list[int] = []
        self.tasks: list[int] = []
        self.signs: list[Sign] = []
        self.cancelled: list[Sign] = []
        self.releases: dict[str, list[int]] = {}
        self._comics: dict[str, int] = {}
        self._village = Village(stores)
        self._press = Press(stores.database, stores.counters, stores.posting)
        self._turns = itertools.cycle(apis)

    async def call(self, method: str, path: str, value: Any = None, **headers: str) -> Answer:
        """Ask the server whose turn it is; where that has too much to do, later again, as it says."""
        body = None if value is None else orjson.dumps(value)
        given = {name.replace("_", "-"): text for name, text in {**JSON, **headers}.items()}
        while True:
            answer = await next(self._turns).call(method, path, body, given)
            if answer.status != BUSY:
                return answer
            await asyncio.sleep(float(answer.headers["Retry-After"]))

    async def patiently(self, write: Callable[[], Awaitable[T]]) -> T:
        """Write to the stores; where others are in the way for too long, later again."""
        while True:
            try:
                return await write()
            except Busy as busy:
                await asyncio.sleep(busy.retry_after)

    async def store(self, person: Person, write: Callable[[], Awaitable[T]]) -> T | None:
        """Write to the stores; None where the person is being deleted."""
        try:
            return await self.patiently(write)
        except Departed:
            assert person.gone
            return None

    async def settle(self) -> None:
        """Make two polls, two events with an organizer, two comics, and a few people."""
        for _ in range(5):
            await self.sign_up()
        self.organizer = self.people.pop(0)
        await self.stores.grants.give(ORGANIZER, self.organizer.oid, None)
        for _ in range(2):
            poll = 1000 + next(self.numbers)
            await self.stores.polls.create(poll, OPTIONS)
            self.polls.append(poll)
            self.events.append(await self._plan_event())
        slugs = [f"comic{next(self.numbers)}" for _ in range(2)]
        titles = [Title(slug, slug, "en", "", "", "2005-05-29") for slug in slugs]
        self._comics = dict(zip(slugs, await self._press.found(titles, NOON), strict=True))
        self.releases = {slug: [] for slug in slugs}
        await self.start_project(self.organizer)

    async def _plan_event(self) -> int:
        number = await self.stores.counters.take("events")
        values = {"name": f"Event {number}", "units": [], "public_on_web": True}
        row = new_event(number, f"oracle-event-{number}", values)
        await self.stores.database["events"].insert_one({**row, "team": [self.organizer.number]})
        return number

    # Members and polls

    async def sign_up(self) -> None:
        """Register somebody, who joins the community."""
        number = next(self.numbers)
        email = f"person{number}@example.org"
        names = {"fname": f"Person{number}", "sname": "Lee"}
        fields = {"email": email, **names, "onAECRoll": number % 2 == 0}
        member = (await self.call("POST", "/api/v0/register/initial_email", fields)).json
        oid = ObjectId(member["_id"]["$oid"])
        proven = {"$set": {"password": make_hash(PASSWORDS[0], 4), "set_password": True}}
        await self.stores.database["users"].update_one({"_id": oid}, proven)
        user = await self.patiently(lambda: self._village.admit(oid, name=f"name{number}"))
        person = Person(member["id"], oid, email, member["s"], user)
        self.people.append(person)
        self.everybody.append(person)

    async def vote(self, person: Person, poll: int, option: str) -> None:
        """Cast a vote."""
        ballot = {"s": person.secret, "poll_id": poll, "option_id": option}
        expect(await self.call("POST", "/api/v0/iiccot/cast_vote", ballot), 200, person)

    async def delete(self, person: Person) -> None:
        """Delete an account."""
        person.gone = True
        self.people.remove(person)
        expect(await self.call("POST", "/api/v0/delete_user", {"s": person.secret}), 200)

    # Passwords

    async def sign_in(self, person: Person) -> None:
        """Sign in with the password."""
        body = {"username": person.email, "password": person.password}
        answer = await self.call("POST", "/api/token/", body)
        if answer.status == 200:
            person.klub = {"Authorization": f"Bearer {answer.json['access']}"}
            person.announced += 1
        else:
            assert person.attempts or person.gone, answer.text

    async def change_password(self, person: Person) -> None:
        """Set another password with the old one."""
        person.attempts += 1
        body = {"old_password": person.password, "new_password": PASSWORDS[(person.changes + 1) % 2]}
        token = await self.store(person, lambda: self.stores.tokens.issue(person.oid))
        if token is None:
            return
        path = "/account/change-password/"
        answer = await self.call("POST", path, body, Authorization=f"Token {token}")
        if answer.status == 200:
            person.changes += 1
            person.announced += 1
            person.klub = {}

    # Events

    async def attend(self, person: Person, event: int, kind: str, *, by_organizer: bool) -> None:
        """Register for an event, or have the organizer mark somebody."""
        body: dict[str, Any] = {"event": event, "type__slug": kind}
        path, who = "/api/frontend/my_events/", person
        if by_organizer:
            path, who, body["user"] = "/api/frontend/attendees/", self.organizer, person.number
        answer = await self._as(who, "POST", path, body)
        if answer is not None and expect(answer, 201, person):
            self.signs.append(Sign(answer.json["id"], event, kind, person))

    async def cancel(self, sign: Sign) -> None:
        """Take an interaction back, as its own person."""
        path = f"/api/frontend/my_events/{sign.number}/"
        answer = await self._as(sign.person, "DELETE", path)
        if answer is not None and answer.status == 204:
            self.cancelled.append(sign)

    async def _as(self, person: Person, method: str, path: str, value: Any = None) -> Answer | None:
        """Call Klub as somebody; None where they can't sign in just now."""
        for _ in range(2):
            if not person.klub:
                await self.sign_in(person)
            shown = dict(person.klub)
            if not shown:
                return None
            answer = await self.call(method, path, value, **shown)
            if answer.status not in {401, 403} or person.klub != shown:
                return answer
            person.klub = {}  # the password was changed meanwhile
        return None

    async def attendees(self, event: int) -> list[Any]:
        """Read who is at an event, as its organizer."""
        found: list[Any] = []
        path: str | None = f"/api/frontend/attendees/?event={event}"
        while path is not None:
            answer = await self._as(self.organizer, "GET", path)
            assert answer is not None, "the organizer can sign in"
            expect(answer, 200)
            found += answer.json["results"]
            after = answer.json["next"]
            path = "/api/" + after.split("/api/", 1)[1] if after else None
        return found

    # Comics

    async def bring_out(self, slugs: Sequence[str]) -> None:
        """Bring out releases, all at once."""
        issues = [Issue(self._comics[slug], "2012-10-08", NOON, PICTURE, slug, "") for slug in slugs]
        numbers = await self.patiently(lambda: self._press.publish(issues, tell=True))
        for slug, number in zip(slugs, numbers, strict=True):
            self.releases[slug].append(number)

    # The community

    async def start_project(self, person: Person) -> None:
        """Start a project with two tasks."""
        start = partial(self._village.project, person.user, tasks=2, n_answers=3)
        made = await self.store(person, start)
        self.tasks += made[1] if made is not None else []

    async def contribute(self, person: Person, task: int) -> None:
        """Answer a task."""
        await self.store(person, lambda: self._village.run(task, person.user))

    async def restrict(self, person: Person) -> None:
        """Hide somebody, or show them again."""
        hidden = not person.restricted
        fields = {"restrict": hidden}
        if await self.store(person, lambda: self.stores.pybossa.change(person.oid, fields)) is not None:
            person.restricted = hidden


def expect(answer: Answer, status: int, person: Person | None = None) -> bool:
    """Fail where an answer is another one, unless the person is being deleted; tell whether it is this."""
    leaving = person is not None and person.gone and 400 <= answer.status < 500
    assert answer.status == status or leaving, f"{answer.status}: {answer.text}"
    return answer.status == status
