"""Who makes and changes which events."""

from __future__ import annotations

from tests.klub.callers import Callers, Someone
from tests.klub.scene import Scene
from tests.klub.test_events import FRONT

NO_ORGANIZER = {"error": "must be an event organizer"}


async def refused(caller: Someone, method: str, path: str, value: object) -> bool:
    answer = await caller.send(method, path, value)
    return (answer.status, answer.json) == (403, NO_ORGANIZER)


async def test_events_are_made_by_who_covers_all_their_units(callers: Callers, scene: Scene) -> None:
    here, there = await scene.unit(), await scene.unit()
    body, both = await scene.body(here), await scene.body(here, administrative_units=[there, here])
    everywhere = (await callers.superuser(), await callers.staff_of(None), await callers.organizer_of(None))
    for caller in everywhere:
        assert (await caller.post(FRONT, both)).status == 201
    for caller in (await callers.staff_of(here), await callers.organizer_of(here)):
        assert (await caller.post(FRONT, body)).status == 201
        assert await refused(caller, "POST", FRONT, both)
        assert await refused(caller, "POST", FRONT, {**body, "administrative_units": [there]})


async def test_the_role_is_checked_before_the_body_and_the_units_after(
    callers: Callers, scene: Scene
) -> None:
    here, there = await scene.unit(), await scene.unit()
    app = await callers.app("read", "write", "can_view_events")
    for caller in (callers.anonymous, await callers.user(), app):
        assert await refused(caller, "POST", FRONT, {})
        assert await refused(caller, "POST", FRONT, await scene.body(here))
    organizer = await callers.organizer_of(here)
    bad = await scene.body(there, age_from="x")
    assert (await organizer.post(FRONT, bad)).json == {"age_from": ["A valid integer is required."]}
    assert await scene.stores.database["events"].count_documents({}) == 0


async def test_events_are_changed_by_who_manages_them(callers: Callers, scene: Scene) -> None:
    here, there, user = await scene.unit(), await scene.unit(), await callers.user()
    number = await scene.event(units=[here], team=[user.number])
    path, name = f"{FRONT}{number}/", {"name": "Other"}
    managers = (
        *(user, await callers.superuser(), await callers.staff_of(here)),
        *(await callers.organizer_of(here), await callers.staff_of(None)),
    )
    for caller in managers:
        assert (await caller.patch(path, name)).status == 200
    app = await callers.app("read", "write", "can_view_events")
    strangers = (callers.anonymous, await callers.user(), await callers.organizer_of(there), app)
    for caller in strangers:
        for method in ("PATCH", "PUT"):
            assert await refused(caller, method, path, {"name": ""})


async def test_drafts_stay_hidden_from_who_may_not_see_them(callers: Callers, scene: Scene) -> None:
    here, there = await scene.unit(), await scene.unit()
    path = f"{FRONT}{await scene.event(units=[here], public_on_web=False)}/"
    for caller in (callers.anonymous, await callers.user()):
        assert (await caller.patch(path, {})).status == 404
    assert await refused(await callers.organizer_of(there), "PATCH", path, {})


async def test_new_units_of_an_event_must_be_covered(callers: Callers, scene: Scene) -> None:
    here, there, user = await scene.unit(), await scene.unit(), await callers.user()
    number = await scene.event(units=[here], team=[user.number])
    path = f"{FRONT}{number}/"
    organizer = await callers.organizer_of(here)
    for caller in (user, organizer):
        assert await refused(caller, "PATCH", path, {"administrative_units": [here, there]})
        assert (await caller.patch(path, {"administrative_units": [here]})).status == 200
    assert await refused(
        user, "PATCH", f"/api/frontend/organized_events/{number}/", {"administrative_units": [there]}
    )
    root = await callers.superuser()
    moved = await root.patch(path, {"administrative_units": [there, here, there]})
    assert moved.json["administrative_units"] == [there, here]
    assert (await organizer.patch(path, {"administrative_units": [here, there]})).status == 200


async def test_the_creator_is_in_the_team(callers: Callers, scene: Scene) -> None:
    organizer = await callers.organizer_of(await scene.unit())
    number = (await organizer.post(FRONT, await scene.body(1))).json["id"]
    await organizer.post(FRONT, await scene.body(1))
    team = (await organizer.get(f"/api/frontend/event_orgteam/?event={number}")).json["results"]
    assert [(each["profile_id"], each["position_name"]) for each in team] == [
        (organizer.number, "Event creator")
    ]
    positions = (await organizer.get("/api/frontend/event_organization_position/")).json
    assert [each["name"] for each in positions] == ["Event creator"]
    assert (await organizer.get("/api/frontend/organized_events/")).json["count"] == 2


async def test_an_event_of_an_account_that_is_being_deleted_is_not_made(
    callers: Callers, scene: Scene
) -> None:
    organizer = await callers.organizer_of(await scene.unit())
    assert organizer.oid is not None
    member = await scene.stores.accounts.by_number(organizer.number)
    assert member is not None
    await scene.stores.deletion.delete(organizer.oid)
    assert (await organizer.post(FRONT, await scene.body(1))).status == 403
    assert await scene.stores.database["events"].count_documents({}) == 0
