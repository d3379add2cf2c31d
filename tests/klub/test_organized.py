"""The events whose team the caller is in."""

from __future__ import annotations

import asyncio

from tests.klub.callers import Callers, Someone
from tests.klub.scene import Scene
from tests.klub.test_events import EMPTY

PATH = "/api/frontend/organized_events/"


async def test_the_list_has_the_teams_events_and_no_others(callers: Callers, scene: Scene) -> None:
    unit, user = await scene.unit(), await callers.user()
    own = await scene.event("b", team=[user.number], public_on_web=False, units=[unit])
    also = await scene.event("a", team=[user.number])
    foreign = await scene.event("c", units=[unit])
    page = (await user.get(f"{PATH}?page_size=1")).json
    assert (page["count"], [each["id"] for each in page["results"]]) == (2, [also])
    assert page["next"].endswith(f"{PATH}?page=2&page_size=1")
    assert (await user.get(f"{PATH}{own}/")).json["id"] == own
    for caller in (await callers.superuser(), await callers.staff_of(unit)):
        assert (await caller.get(PATH)).json["count"] == 0
        assert (await caller.get(f"{PATH}{own}/")).status == 404
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        answer = await user.send(method, f"{PATH}{foreign}/", {})
        assert (answer.status, answer.json) == (404, {"detail": "Not found."})


async def test_users_alone_may_call(callers: Callers, user: Someone, scene: Scene) -> None:
    number = await scene.event(team=[user.number])
    app = await callers.app("read", "write", "can_view_events")
    for path in (PATH, f"{PATH}{number}/"):
        assert (await callers.anonymous.get(path)).json["detail"].startswith("Authentication credentials")
        assert (await app.get(path)).json["detail"].startswith("You do not have permission")
    posted = await user.post(PATH, {})
    assert (posted.status, posted.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


async def test_who_organizes_an_event_changes_it(user: Someone, scene: Scene) -> None:
    unit, kind = await scene.unit(), await scene.kind()
    number = await scene.event(team=[user.number], units=[unit], type=kind)
    here = f"{PATH}{number}/"
    changed = (await user.patch(here, {"name": "Other", "accommodation": "tents"})).json
    assert {**changed, "id": 1} == {
        **EMPTY,
        "name": "Other",
        "accommodation": "tents",
        "event_type": {"name": "Brigade", "slug": "brigade"},
        "event_type_id": kind,
        "administrative_units": [unit],
        "administrative_unit_name": "Praha",
        "administrative_unit_web_url": None,
    }
    assert (await user.put(here, {"name": "x"})).status == 400
    assert (await user.patch(here, {"diet": "x"})).status == 400


async def test_history_and_money_outlive_their_event(user: Someone, scene: Scene) -> None:
    number, other = await scene.event(team=[user.number]), await scene.event(team=[user.number])
    database = scene.stores.database
    for row, event in ((1, number), (2, other)):
        await database["interactions"].insert_one({"_id": row, "user": 1, "event": event})
        await scene.channel(row, event, user.number)
    await database["payments"].insert_one({"_id": 1, "channel": 1, "amount": 5})
    await scene.stores.team.add(number, await scene.member(user), 1)
    gone = await user.delete(f"{PATH}{number}/")
    assert (gone.status, gone.body) == (204, b"")
    assert (await user.get(f"/api/frontend/events/{number}/")).status == 404
    for name in ("interactions", "donor_channels"):
        rows = await database[name].find().sort("_id", 1).to_list(None)
        assert [row["event"] for row in rows] == [None, other]
    assert await database["payments"].count_documents({}) == 1
    assert await database["organization_team"].count_documents({}) == 0
    assert (await user.get(PATH)).json["count"] == 1


async def test_an_event_is_deleted_once(user: Someone, scene: Scene) -> None:
    number = await scene.event(team=[user.number])
    answers = await asyncio.gather(*(user.delete(f"{PATH}{number}/") for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [204, 404, 404, 404, 404]
    assert (await user.get("/api/event/")).json["count"] == 0
