"""Who takes part in events, for those who manage them."""

from __future__ import annotations

from typing import Any

import pytest

from storage.klub.interaction import Draft
from tests.klub.callers import Callers, Someone
from tests.klub.scene import Scene

PATH = "/api/frontend/attendees/"
REGISTERED, ATTENDED = "event_registration", "event_attendance"
OUTSIDE = {"event": "Must be a member of org team"}


@pytest.fixture
async def organizer(callers: Callers) -> Someone:
    return await callers.user()


@pytest.fixture
async def event(scene: Scene, organizer: Someone) -> int:
    return await scene.event(team=[organizer.number])


async def mark(who: Someone, event: int, user: int, slug: str = ATTENDED, **fields: Any) -> dict[str, Any]:
    answer = await who.post(PATH, {"user": user, "event": event, "type__slug": slug, **fields})
    assert answer.status == 201, answer.text
    made: dict[str, Any] = answer.json
    return made


async def test_an_organizer_marks_who_came(
    organizer: Someone, user: Someone, event: int, scene: Scene
) -> None:
    await scene.stores.database["users"].update_one(
        {"id": user.number}, {"$set": {"klub.nickname": "annie", "addr_suburb": "Brno"}}
    )
    made = await mark(organizer, event, user.number, note="late", summary="answers")
    assert list(made) == [
        *("id", "event", "note", "updated", "created", "type__slug", "summary", "user"),
        *("user__first_name", "user__last_name", "user__nickname", "user__city"),
    ]
    assert (made["event"], made["note"], made["summary"], made["type__slug"]) == (
        *(event, "late", "answers", ATTENDED),
    )
    names = ("user", "user__first_name", "user__last_name", "user__nickname", "user__city")
    assert [made[name] for name in names] == [user.number, "Ann", "Lee", "annie", "Brno"]
    path = f"{PATH}{made['id']}/?event={event}"
    assert (await organizer.get(path)).json == made
    listed = (await organizer.get(f"{PATH}?event={event}")).json
    assert listed == {"count": 1, "next": None, "previous": None, "results": [made]}
    counts = await scene.stores.attendance.counts(event)
    assert counts is not None
    assert (counts.registered, counts.attended) == (0, 1)
    assert (await user.get("/api/frontend/my_events/")).json["count"] == 1
    answer = await organizer.delete(path)
    assert (answer.status, answer.body) == (204, b"")
    assert (await organizer.get(path)).status == 404


async def test_staff_and_organizers_of_its_units_manage_an_event(
    callers: Callers, scene: Scene, user: Someone
) -> None:
    unit, other = await scene.unit(), await scene.unit("Brno")
    event = await scene.event(units=[unit])
    for who, status in (
        (await callers.staff_of(unit), 200),
        (await callers.organizer_of(unit), 200),
        (await callers.staff_of(None), 200),
        (await callers.superuser(), 200),
        (await callers.staff_of(other), 403),
        (user, 403),
    ):
        answer = await who.get(f"{PATH}?event={event}")
        assert answer.status == status
        assert status == 200 or answer.json == OUTSIDE
        body = {"user": user.number, "event": event, "type__slug": ATTENDED}
        answer = await who.post(PATH, body)
        assert answer.status == (201 if status == 200 else 403)
        assert status == 200 or answer.json == OUTSIDE


async def test_who_does_not_manage_an_event_changes_nothing(
    organizer: Someone, user: Someone, event: int, scene: Scene
) -> None:
    made = await mark(organizer, event, user.number)
    version = await scene.stores.attendance.counts(event)
    for method, path in (
        ("GET", f"{PATH}?event={event}"),
        ("GET", PATH),
        ("GET", f"{PATH}?event="),
        ("GET", f"{PATH}{made['id']}/"),
        ("GET", f"{PATH}{made['id']}/?event={event}"),
        ("DELETE", f"{PATH}{made['id']}/?event={event}"),
        ("DELETE", f"{PATH}{made['id']}/"),
    ):
        answer = await user.call(method, path)
        assert (answer.status, answer.json) == (403, OUTSIDE), path
    assert await scene.stores.attendance.counts(event) == version


async def test_fields_are_checked_before_the_right_to_write(user: Someone, event: int) -> None:
    required = ["This field is required."]
    answer = await user.post(PATH, {})
    assert (answer.status, answer.json) == (
        400,
        {"user": required, "event": required, "type__slug": required},
    )
    answer = await user.post(PATH, {"user": 999, "event": event, "type__slug": "x"})
    assert (answer.status, answer.json) == (400, {"user": ['Invalid pk "999" - object does not exist.']})
    answer = await user.post(PATH, {"user": user.number, "event": event, "type__slug": "x"})
    assert (answer.status, answer.json) == (400, {"type__slug": ["Interaction type does not exist"]})
    answer = await user.post(PATH, {"user": user.number, "event": event, "type__slug": ATTENDED})
    assert (answer.status, answer.json) == (403, OUTSIDE)


async def test_unknown_events_and_strange_interactions_are_not_found(
    organizer: Someone, user: Someone, event: int, scene: Scene
) -> None:
    other = await scene.event("Other", team=[organizer.number])
    made = await mark(organizer, event, user.number)
    for path in (
        f"{PATH}?event=999",
        f"{PATH}?event=x",
        f"{PATH}{made['id']}/?event={other}",
        f"{PATH}999/?event={event}",
        f"{PATH}x/?event={event}",
    ):
        assert (await organizer.get(path)).status == 404, path


async def test_a_superuser_without_an_event_sees_all(
    superuser: Someone, organizer: Someone, user: Someone, event: int, scene: Scene
) -> None:
    other = await scene.event("Other")
    first = await mark(organizer, event, user.number)
    second = await mark(superuser, other, user.number, REGISTERED)
    listed = (await superuser.get(PATH)).json
    assert [each["id"] for each in listed["results"]] == [first["id"], second["id"]]
    assert (await superuser.get(f"{PATH}{second['id']}/")).json == second
    assert (await superuser.delete(f"{PATH}{first['id']}/")).status == 204


async def test_changing_is_not_offered(organizer: Someone, user: Someone, event: int) -> None:
    made = await mark(organizer, event, user.number)
    for method in ("PUT", "PATCH"):
        answer = await organizer.send(method, f"{PATH}{made['id']}/?event={event}", {})
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, DELETE, OPTIONS")


async def test_nobody_and_apps_are_refused(callers: Callers, event: int) -> None:
    app = await callers.app("read", "write")
    for method in ("GET", "POST"):
        answer = await callers.anonymous.send(method, f"{PATH}?event={event}", {})
        assert answer.json == {"detail": "Authentication credentials were not provided."}
        answer = await app.send(method, f"{PATH}?event={event}", {})
        assert (answer.status, answer.json) == (
            403,
            {"detail": "You do not have permission to perform this action."},
        )


async def test_a_new_member_of_the_team_manages_at_once(user: Someone, event: int, scene: Scene) -> None:
    assert (await user.get(f"{PATH}?event={event}")).status == 403
    seat = await scene.stores.team.add(event, await scene.member(user), await scene.position())
    assert (await user.get(f"{PATH}?event={event}")).status == 200
    await scene.stores.team.remove(event, seat.id)
    assert (await user.get(f"{PATH}?event={event}")).status == 403


async def test_who_is_deleted_meanwhile_is_not_found(
    organizer: Someone, user: Someone, event: int, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not the caller who is gone."""
    store = scene.stores.interactions
    begin = store.at

    async def delete_after(*given: Any, **options: Any) -> Draft:
        draft = await begin(*given, **options)
        assert user.oid is not None
        await scene.stores.deletion.delete(user.oid)
        return draft

    monkeypatch.setattr(store, "at", delete_after)
    answer = await organizer.post(PATH, {"user": user.number, "event": event, "type__slug": ATTENDED})
    assert (answer.status, answer.json) == (404, {"detail": "Not found."})
