"""Every operation with every kind of caller, against the table in permissions.txt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from handlers.core.handler import METHODS
from handlers.core.operation import declared_operation
from handlers.klub import DIALECT
from handlers.klub.access import Access
from storage.klub.oauth import SCOPES
from tests.klub.callers import JSON_TYPE, Callers, Someone
from tests.klub.scene import Scene

TABLE = Path(__file__).with_name("permissions.txt")
CALLERS = ("anon", "user", "team", "other", "staff", "alien", "root", "none", "bare", "app")
LINE = re.compile(
    r"(?P<method>[A-Z]+) +(?P<path>\S+)(?: (?P<names>\w+=\S+))? +"
    r"(?P<statuses>(?:\d{3} *){10})(?P<body>\{.*\})?"
)
Names = Mapping[str, int | str]


@dataclass(frozen=True)
class Expectation:
    """A line of the table."""

    method: str
    path: str
    renamed: Mapping[str, str]
    statuses: Mapping[str, int]
    body: str

    @classmethod
    def read(cls, line: str) -> Expectation:
        """Read a line."""
        found = LINE.fullmatch(line)
        assert found is not None, line
        renamed = dict([found["names"].split("=")]) if found["names"] else {}
        statuses = dict(zip(CALLERS, map(int, found["statuses"].split()), strict=True))
        return cls(found["method"], found["path"], renamed, statuses, found["body"] or "{}")

    @property
    def operation(self) -> tuple[str, str]:
        """Return the method and the route."""
        return self.method, self.path.partition("?")[0]

    def fill(self, text: str, names: Names) -> str:
        """Put names in, this line's own meanings of them first."""
        for name, value in names.items():
            meant = self.renamed.get(name)
            text = text.replace(f"{{{name}}}", str(value if meant is None else names.get(meant, meant)))
        return text


def read_table() -> list[Expectation]:
    """Read the table."""
    lines = TABLE.read_text().splitlines()
    return [Expectation.read(line.strip()) for line in lines if line.strip() and not line.startswith("#")]


def operations() -> dict[tuple[str, str], Access]:
    """Return every operation of the dialect by method and route."""
    return {
        (method, route.path): declared.access
        for route in DIALECT.routes
        for method in METHODS
        if method != "OPTIONS"
        and (declared := declared_operation(route.handler, method)) is not None
        and isinstance(declared.access, Access)
    }


async def set_the_scene(callers: Callers, scene: Scene) -> tuple[dict[str, Someone], dict[str, int | str]]:
    """Make the callers that are people, and what the paths name."""
    here, there = await scene.unit(), await scene.unit("Brno")
    people = {
        "anon": callers.anonymous,
        "user": await callers.user("user@example.org"),
        "team": await callers.user("team@example.org"),
        "other": await callers.organizer_of(there),
        "staff": await callers.staff_of(here),
        "alien": await callers.staff_of(there),
        "root": await callers.superuser(),
    }
    user, kind = people["user"], await scene.kind()
    team, database = people["team"], scene.stores.database
    born = {"dobYear": "2000", "dobMonth": "1", "dobDay": "31"}
    await database["users"].update_one({"id": user.number}, {"$set": born})
    await database["money_accounts"].insert_one({"_id": 1, "slug": "bank", "unit": here, "kind": "bank"})
    events = [await scene.event(units=[here]) for _ in range(2)]
    draft = await scene.event(units=[here], public_on_web=False)
    position = await scene.position()
    seats = [
        await scene.stores.team.add(each, await scene.member(team), position) for each in (*events, draft)
    ]
    mine = [
        await user.post("/api/frontend/my_events/", {"event": events[0], "type__slug": "event_registration"})
        for _ in range(2)
    ]
    slug = (await scene.stores.events.find(events[0])).slug
    names: dict[str, int | str] = {
        **{"unit": here, "elsewhere": there, "kind": kind, "position": position, "user": user.number},
        **{"event": events[0], "doomed_event": events[1], "draft": draft, "seat": seats[0].id},
        **{
            "interaction": mine[0].json["id"],
            "doomed": mine[1].json["id"],
            "location": await scene.location(),
        },
        **{"slug": slug, "uid": "x", "token": "x", "name": "x", "pdf": 9, "related": 9, "nothing": 10**9},
    }
    return people, names


async def make_apps(callers: Callers, scope: str | None) -> dict[str, Someone]:
    """Make the callers that are apps."""
    right = [scope] if scope is not None else [each for each in SCOPES if each not in {"read", "write"}]
    return {
        "none": await callers.app(),
        "bare": await callers.app(*right),
        "app": await callers.app(*right, "read", "write"),
    }


def test_the_table_has_every_operation_and_no_other() -> None:
    assert {each.operation for each in read_table()} == set(operations())


async def test_everybody_may_what_the_table_says(callers: Callers, scene: Scene) -> None:
    people, names = await set_the_scene(callers, scene)
    accesses, apps, wrong = operations(), {}, []
    for expected in read_table():
        scope = accesses[expected.operation].scope
        if scope not in apps:
            apps[scope] = await make_apps(callers, scope)
        path, body = (expected.fill(text, names) for text in (expected.path, expected.body))
        for name, status in expected.statuses.items():
            caller = {**people, **apps[scope]}[name]
            sent = None if expected.method == "GET" else body.encode()
            answer = await caller.call(expected.method, path, sent, **JSON_TYPE)
            if answer.status != status:
                wrong.append(f"{expected.method} {path} as {name}: {answer.status}, not {status}")
    assert not wrong, "\n".join(wrong)
