"""The teams of events."""

from __future__ import annotations

import asyncio

from tests.klub.callers import Callers, Someone
from tests.klub.scene import Scene

PATH = "/api/frontend/event_orgteam/"
OUTSIDE = {"event": "Must be a member of org team"}


async def test_a_team_is_kept_by_who_manages_the_event(callers: Callers, scene: Scene) -> None:
    ann, bob = await callers.user(), await callers.user()
    event, cook = await scene.event(team=[ann.number]), await scene.position("Cook")
    here = f"{PATH}?event={event}"
    made = await ann.post(here, {"profile_id": bob.number, "position_id": str(cook)})
    seat = {"id": made.json["id"], "profile_id": bob.number, "position_id": cook, "position_name": "Cook"}
    assert (made.status, made.json) == (201, seat)
    assert (await bob.get(here)).json == {"count": 1, "next": None, "previous": None, "results": [seat]}
    assert (await bob.get(f"{PATH}{seat['id']}/?event={event}")).json == seat
    assert (await bob.get("/api/frontend/organized_events/")).json["count"] == 1
    assert (await bob.delete(f"{PATH}{seat['id']}/?event={event}")).status == 204
    assert (await bob.get(here)).json == OUTSIDE
    assert (await bob.get("/api/frontend/organized_events/")).json["count"] == 0
    assert (await ann.get(f"{PATH}{seat['id']}/?event={event}")).status == 404


async def test_somebody_with_two_positions_stays_while_one_is_left(callers: Callers, scene: Scene) -> None:
    root, bob = await callers.superuser(), await callers.user()
    event, cook = await scene.event(), await scene.position("Cook")
    here = f"{PATH}?event={event}"
    body = {"profile_id": bob.number, "position_id": cook}
    first, second = [(await root.post(here, body)).json["id"] for _ in range(2)]
    await root.delete(f"{PATH}{first}/?event={event}")
    assert (await bob.get(here)).json["count"] == 1
    await root.delete(f"{PATH}{second}/?event={event}")
    assert (await bob.get(here)).json == OUTSIDE


async def test_positions_taken_away_at_once_leave_nobody_behind(callers: Callers, scene: Scene) -> None:
    root, bob = await callers.superuser(), await callers.user()
    event, cook = await scene.event(), await scene.position("Cook")
    body = {"profile_id": bob.number, "position_id": cook}
    made = await asyncio.gather(*(root.post(f"{PATH}?event={event}", body) for _ in range(4)))
    paths = [f"{PATH}{answer.json['id']}/?event={event}" for answer in made]
    answers = await asyncio.gather(*map(root.delete, paths))
    assert [answer.status for answer in answers] == [204] * 4
    assert (await scene.stores.events.find(event)).team == frozenset()


async def test_only_managers_get_at_a_team(callers: Callers, scene: Scene) -> None:
    here, there, ann = await scene.unit(), await scene.unit(), await callers.user()
    event = await scene.event(units=[here], team=[ann.number])
    path = f"{PATH}?event={event}"
    for caller in (
        ann,
        await callers.superuser(),
        await callers.staff_of(here),
        await callers.organizer_of(None),
    ):
        assert (await caller.get(path)).status == 200
    for caller in (await callers.user(), await callers.staff_of(there)):
        for method in ("GET", "POST"):
            answer = await caller.send(method, path, {})
            assert (answer.status, answer.json) == (403, OUTSIDE)
    assert (await callers.anonymous.get(path)).json["detail"].startswith("Authentication credentials")
    app = await callers.app("read", "write")
    assert (await app.get(path)).json["detail"].startswith("You do not have permission")


async def test_the_event_is_always_named(callers: Callers, superuser: Someone, scene: Scene) -> None:
    event, other = await scene.event(), await scene.event()
    ann = await callers.user()
    seat = await scene.stores.team.add(event, await scene.member(ann), await scene.position())
    for path in (PATH, f"{PATH}?event=", f"{PATH}{seat.id}/"):
        answer = await superuser.get(path)
        assert (answer.status, answer.json) == (403, OUTSIDE)
    for path in (
        f"{PATH}?event=99",
        f"{PATH}?event=x",
        f"{PATH}{seat.id}/?event={other}",
        f"{PATH}x/?event={event}",
    ):
        assert (await superuser.get(path)).status == 404
    for method in ("PUT", "PATCH"):
        answer = await superuser.send(method, f"{PATH}{seat.id}/?event={event}", {})
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, DELETE, OPTIONS")


async def test_people_and_positions_must_exist(superuser: Someone, scene: Scene) -> None:
    path = f"{PATH}?event={await scene.event()}"
    required = ["This field is required."]
    assert (await superuser.post(path, {})).json == {"profile_id": required, "position_id": required}
    answer = await superuser.post(path, {"profile_id": 99, "position_id": "x"})
    assert (answer.status, answer.json) == (
        400,
        {
            "profile_id": ['Invalid pk "99" - object does not exist.'],
            "position_id": ["Incorrect type. Expected pk value, received str."],
        },
    )


async def test_a_deleted_account_leaves_every_team(callers: Callers, scene: Scene) -> None:
    ann = await callers.user()
    event = await scene.event()
    await scene.stores.team.add(event, await scene.member(ann), await scene.position())
    assert ann.oid is not None
    await scene.stores.deletion.delete(ann.oid)
    assert (await scene.stores.events.find(event)).team == frozenset()
    assert await scene.stores.database["organization_team"].count_documents({}) == 0
